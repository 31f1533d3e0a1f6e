import { leafHash } from '../../src/audit/transparency-log/leaf.js';
import { verifyConsistency, verifyInclusion } from '../../src/audit/transparency-log/merkle-proof.js';
import { TreeFrontier } from '../../src/audit/transparency-log/merkle-tree.js';
import { openCheckpoint } from '../../src/audit/transparency-log/signed-note.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { TestTrail } from '../support/audit-trail.js';
import { describeDatabase } from '../support/fixture.js';

const fromBase64 = (text: string) => Buffer.from(text, 'base64');

describeDatabase('the sealer', {}, (database) => {
  let trail: TestTrail;
  let tenant: string;

  beforeAll(async () => {
    trail = new TestTrail(database.url);
  });

  beforeEach(async () => {
    tenant = uuid7();
    await database.query('insert into tenants (id, name) values ($1, $2)', [tenant, tenant]);
  });

  afterAll(() => trail.stop());

  const write = (count: number, tenantId = tenant) =>
    Promise.all(Array.from({ length: count }, () => trail.write({ tenant_id: tenantId })));

  const leaves = (tenantId = tenant) =>
    database.query<{ leaf_index: string; entry_id: string; leaf_hash: Buffer; leaf: Buffer }>(
      `select leaf_index, entry_id, leaf_hash, e.leaf from audit_leaves l
       left join audit_entries e on e.tenant_id = l.tenant_id and e.id = l.entry_id
       where l.tenant_id = $1 order by leaf_index`,
      [tenantId],
    );

  it('gives every entry one place without gaps, in a tree of its tenant', async () => {
    const other = uuid7();
    await Promise.all([write(37), write(5, other)]);
    expect(await trail.sealAll()).toBe(42);
    expect(await trail.sealAll()).toBe(0);
    for (const [tenantId, count] of [
      [tenant, 37],
      [other, 5],
    ] as const) {
      const rows = await leaves(tenantId);
      expect(rows.map((row) => Number(row.leaf_index))).toEqual(Array.from({ length: count }, (_, n) => n));
      expect(rows.every((row) => leafHash(row.leaf).equals(row.leaf_hash))).toBe(true);
      const tree = new TreeFrontier();
      for (const row of rows) tree.append(row.leaf_hash);
      const { checkpoint, public_key: key, root_hash: root } = await trail.proofs.getCheckpoint(tenantId);
      expect(openCheckpoint(checkpoint, key)).toEqual({
        origin: `tidemark/${tenantId}`,
        size: count,
        root: tree.root(),
      });
      expect(fromBase64(root)).toEqual(tree.root());
    }
  });

  it('proves every entry and every earlier tree, over several passes', async () => {
    const kept: { size: number; root: Buffer }[] = [];
    for (const count of [1, 2, 30, 250, 17]) {
      await write(count);
      await trail.sealAll();
      const { tree_size: size, root_hash: root } = await trail.proofs.getCheckpoint(tenant);
      kept.push({ size, root: fromBase64(root) });
    }
    const newest = kept.at(-1)!;
    expect(newest.size).toBe(300);
    for (const { entry_id: id, leaf } of await leaves()) {
      const proof = await trail.proofs.getInclusion(tenant, id);
      expect(fromBase64(proof.leaf!)).toEqual(leaf);
      const hashes = proof.proof.map(fromBase64);
      expect(verifyInclusion(leafHash(leaf), proof.leaf_index, 300, hashes, newest.root)).toBe(true);
    }
    for (const { size, root } of kept) {
      const answer = await trail.proofs.getConsistency(tenant, size);
      expect(fromBase64(answer.from_root_hash)).toEqual(root);
      expect(verifyConsistency(size, 300, answer.proof.map(fromBase64), root, newest.root)).toBe(true);
    }
  });

  it('leaves no gap and no entry out while writers commit late and several sealers run', async () => {
    const sealers = [trail, new TestTrail(database.url), new TestTrail(database.url)];
    let writing = true;
    const sealing = sealers.map(async (sealer) => {
      while (writing) await sealer.sealing.sealOnce();
    });
    await Promise.all(
      Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; n < 12; n++) {
          // the id is made early, the commit comes late and in another order
          await trail.database.inSystem(async (sql) => {
            await trail.write({ tenant_id: tenant }, sql);
            await sql.query('select pg_sleep($1)', [((writer * 7 + n * 3) % 5) / 100]);
          });
        }
      }),
    );
    writing = false;
    await Promise.all(sealing);
    await trail.sealAll();
    await Promise.all(sealers.slice(1).map((sealer) => sealer.stop()));
    const rows = await leaves();
    expect(rows.map((row) => Number(row.leaf_index))).toEqual(Array.from({ length: 96 }, (_, n) => n));
    expect(new Set(rows.map((row) => row.entry_id)).size).toBe(96);
    const { rows: waiting } = await trail.database.system.query('select from audit_unsealed');
    expect(waiting).toEqual([]);
  });

  it('is one at a time, and a pass that dies never happened', async () => {
    await write(3);
    await expect(
      trail.database.inSystem(async (sql) => {
        expect((await trail.sealing.sealTenant(sql, tenant)).size).toBe(3);
        await sql.query(`select pg_advisory_xact_lock(hashtext('tidemark.sealer'))`);
        const other = new TestTrail(database.url);
        expect((await other.sealing.sealOnce()).sealed).toBe(0);
        await other.stop();
        throw new Error('killed');
      }),
    ).rejects.toThrow('killed');
    expect(await leaves()).toEqual([]);
    expect(await trail.sealAll()).toBe(3);
  });

  it('keeps the last checkpoint of an hour only', async () => {
    for (let n = 0; n < 3; n++) {
      await write(1);
      await trail.sealAll();
    }
    const [row] = await database.query<{ count: string; size: string }>(
      'select count(*), max(tree_size) as size from audit_checkpoints where tenant_id = $1',
      [tenant],
    );
    expect(Number(row?.count)).toBeLessThanOrEqual(2);
    expect(Number(row?.size)).toBe(3);
  });

  it('says so where there is nothing to prove yet', async () => {
    const { id } = await trail.write({ tenant_id: tenant });
    await expect(trail.proofs.getInclusion(tenant, id)).rejects.toThrow('not sealed yet');
    await expect(trail.proofs.getCheckpoint(tenant)).rejects.toThrow('No audit entry has been sealed');
    await trail.sealAll();
    await expect(trail.proofs.getInclusion(tenant, uuid7())).rejects.toThrow('no audit entry');
    await expect(trail.proofs.getInclusion(tenant, "x' or 1=1")).rejects.toThrow('no audit entry');
    await expect(trail.proofs.getInclusion(DEFAULT_TENANT_ID, id)).rejects.toThrow('no audit entry');
    await expect(trail.proofs.getConsistency(tenant, 2)).rejects.toThrow('from must not be more');
    await expect(trail.proofs.getConsistency(tenant, 0, 2)).rejects.toThrow('has 1 signed leaves');
  });

  it('cannot be told to change or remove what no act in the tree orders', async () => {
    await write(2);
    await trail.sealAll();
    for (const name of ['erase_audit_entries', 'prune_audit_entries']) {
      const attempt = trail.database.system.query(`select ${name}($1, 0) as n`, [tenant]);
      await expect(attempt).rejects.toThrow('that this transaction appended last and has not carried out yet');
    }
    for (const sql of [
      'update audit_leaves set leaf_index = leaf_index + 1',
      'delete from audit_leaves',
      'delete from audit_nodes',
      'delete from audit_checkpoints',
      'update audit_nodes set level = 1',
      'truncate audit_leaves',
      'delete from audit_entries',
      'update audit_entries set message = null',
    ]) {
      await expect(trail.database.system.query(sql)).rejects.toThrow(/permission denied|append-only/);
    }
    await expect(
      trail.database.inTenant(tenant, (sql) => sql.query('select erase_audit_entries($1, 0)', [tenant])),
    ).rejects.toThrow('permission denied');
    expect(await leaves()).toHaveLength(2);
  });
});
