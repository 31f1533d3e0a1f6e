import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import type { JsonValue } from '../../src/audit/transparency-log/canonical-json.js';
import { verifyInclusion } from '../../src/audit/transparency-log/merkle-proof.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { DAY_MS } from '../../src/platform/time/time.js';
import { TestArchives } from '../support/audit-archive.js';
import { idOf, TestTrail, verifyLines } from '../support/audit-trail.js';
import { describeDatabase } from '../support/fixture.js';

const NASTY: JsonValue[] = [
  { n: 0.1, big: 1e21, tiny: 5e-324, empty: '', nested: [[null, true], { ключ: '\u2028\ud83d\ude00' }] },
  [],
  'text',
  { '=1+1': '"quoted"\\' },
  7,
];
const ROWS = `select to_jsonb(e) - 'salts' - 'restored_until' as row from audit_entries e where tenant_id = $1 order by id`;

describeDatabase('audit archives', {}, (database) => {
  let trail: TestTrail;
  let archives: TestArchives;

  beforeAll(async () => {
    trail = new TestTrail(database.url);
    archives = new TestArchives(trail, database.url);
    await database.query(`select ensure_partitions(now() - interval '4 months', 6)`);
  });

  afterAll(async () => {
    archives.remove();
    await trail.stop();
  });

  const cutoff = () => new Date(Date.now() - 2 * DAY_MS);
  /** Entries of one tenant over about three months, and two of today. */
  async function live(count: number, more: (n: number) => object = () => ({})): Promise<string> {
    const tenantId = uuid7();
    const step = (90 * DAY_MS) / count;
    for (let n = 0; n < count; n++) {
      const id = idOf(Date.now() - 92 * DAY_MS + n * step);
      const states = { before_state: NASTY[n % NASTY.length]!, metadata: NASTY[(n + 1) % NASTY.length]! };
      await trail.write({ id, tenant_id: tenantId, user_id: `user-${n % 9}`, ...states, ...more(n) });
    }
    for (let n = 0; n < 2; n++) await trail.write({ tenant_id: tenantId, user_id: 'user-0' });
    await trail.sealAll();
    return tenantId;
  }
  const rowsOf = async (tenantId: string) =>
    (await database.query<{ row: object }>(ROWS, [tenantId])).map(({ row }) => row);

  it('hold what was removed, month by month; restored, it is the same and every proof verifies', async () => {
    const tenantId = await live(300);
    const before = await rowsOf(tenantId);
    const { deleted, archives: written } = await archives.retire(tenantId, cutoff());
    expect(deleted).toBe(300);
    expect(written.map(({ entries }) => entries).reduce((a, b) => a + b)).toBe(300);
    expect(new Set(written.map(({ month }) => month)).size).toBe(written.length);
    expect(written.length).toBeGreaterThanOrEqual(3);
    expect(await rowsOf(tenantId)).toHaveLength(2);
    await trail.sealAll();
    for (const { file, sha256, entries, ranges } of written) {
      expect(file).toMatch(new RegExp(`^${tenantId}/\\d{4}-\\d\\d/\\d+-\\d+-[0-9a-f]{8}\\.ndjson\\.gz$`));
      expect(verifyLines(archives.lines(file))).toMatchObject({ ok: true, entries, complete: false });
      const manifest = JSON.parse(
        readFileSync(archives.pathOf(file.replace('.ndjson.gz', '.manifest.json')), 'utf8'),
      ) as Record<string, unknown>;
      expect(manifest).toMatchObject({ tenant_id: tenantId, entries, sha256: sha256!.toString('hex') });
      expect(manifest['leaves']).toEqual(ranges);
    }
    expect(verifyLines(await trail.export(tenantId))).toMatchObject({ ok: true, entries: 2, pruned: 300 });
    for (const { file, entries } of written) {
      expect(await archives.restore(archives.pathOf(file))).toMatchObject({ restored: entries, present: 0 });
    }
    for (const { file, entries } of written) {
      expect(await archives.restore(file)).toMatchObject({ restored: 0, present: entries }); // by its name in the store
    }
    await trail.sealAll();
    const after = await rowsOf(tenantId);
    expect(after.slice(0, before.length)).toEqual(before);
    const restores = await database.query(
      `select from audit_entries where tenant_id = $1 and resource_id = 'restore'`,
      [tenantId],
    );
    expect(restores).toHaveLength(2 * written.length);
    expect(verifyLines(await trail.export(tenantId))).toMatchObject({ ok: true, pruned: 0 });
    const { id } = after[17] as { id: string };
    const proof = await trail.proofs.getInclusion(tenantId, id);
    const bytes = (base64: string) => Buffer.from(base64, 'base64');
    expect(
      verifyInclusion(
        bytes(proof.leaf_hash),
        proof.leaf_index,
        proof.tree_size,
        proof.proof.map(bytes),
        bytes(proof.root_hash),
      ),
    ).toBe(true);
  });

  it('take no entry that is not old enough, and restored ones go again only when their time has come', async () => {
    const tenantId = await live(30);
    const { archives: written } = await archives.retire(tenantId, cutoff());
    await archives.restore(written[0]!.file);
    const again = await archives.retire(tenantId, cutoff());
    expect(again).toEqual({ deleted: 0, archives: [] });
    const later = await database.query<{ id: string }>(
      `select id from audit_entries where tenant_id = $1 and restored_until > now() + interval '6 days'`,
      [tenantId],
    );
    expect(later).toHaveLength(written[0]!.entries);
    // the time cannot be changed in the table, so some come back for no time at all
    await archives.restorer.recall(tenantId, ({ leafIndex }) => leafIndex >= 20, new Date());
    const third = await archives.retire(tenantId, cutoff());
    expect(third.archives).toEqual([]);
    expect(third.deleted).toBeGreaterThan(0);
    await trail.sealAll();
    expect(verifyLines(await trail.export(tenantId))).toMatchObject({ ok: true });
  });

  it('are refused when one byte is another, at whatever place, and change nothing then', async () => {
    const tenantId = await live(40);
    const { archives: written } = await archives.retire(tenantId, cutoff());
    const { file } = written[0]!;
    const whole = readFileSync(archives.pathOf(file));
    const copy = join(archives.folder, 'copy.ndjson.gz');
    const count = await rowsOf(tenantId);
    for (let n = 0; n < 200; n++) {
      const changed = Buffer.from(whole);
      changed[Math.floor((n * whole.length) / 200)]! ^= 1 << (n % 8);
      writeFileSync(copy, changed);
      await expect(archives.restore(copy)).rejects.toThrow(
        /not one of the archives|cannot be read|does not belong in an archive/,
      );
    }
    for (const damaged of [
      whole.subarray(0, -1),
      Buffer.concat([whole, Buffer.of(0)]),
      Buffer.alloc(0),
      Buffer.from('x'),
    ]) {
      writeFileSync(copy, damaged);
      await expect(archives.restore(copy)).rejects.toThrow(/not one of the archives|cannot be read/);
    }
    await expect(archives.restore('nowhere.ndjson.gz')).rejects.toThrow('There is no file nowhere.ndjson.gz');
    expect(await rowsOf(tenantId)).toEqual(count);
    copyFileSync(archives.pathOf(file), copy);
    expect((await archives.restore(copy)).restored).toBe(written[0]!.entries);
    rmSync(copy);
  });

  it('that do not read back as they were written stop the removal', async () => {
    const tenantId = await live(20);
    const store = await archives.configured.get();
    const write = store.write.bind(store);
    store.write = async (name, chunks) => {
      await write(name, chunks);
      const bytes = readFileSync(archives.pathOf(name));
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(archives.pathOf(name), bytes);
    };
    try {
      await expect(archives.retire(tenantId, cutoff())).rejects.toThrow();
    } finally {
      store.write = write;
    }
    expect(await rowsOf(tenantId)).toHaveLength(22);
    expect(archives.files().filter((name) => name.startsWith(tenantId))).toEqual([]);
    expect((await archives.retire(tenantId, cutoff())).deleted).toBe(20);
  });

  it('are written by one process at a time, and what a killed one left behind is removed', async () => {
    const tenantId = await live(20);
    const left = { tenantId, id: uuid7(), month: '2026-01', file: `${tenantId}/2026-01/0-1-killed.ndjson.gz` };
    const store = await archives.configured.get();
    await store.write(left.file, [Buffer.from('half')] as never);
    await archives.archives.begin({ ...left, firstId: uuid7(), lastId: uuid7(), entries: 1, ranges: [[0, 1]] });
    await expect(archives.retire(tenantId, cutoff())).rejects.toMatchObject({ status: 409 });
    expect(await rowsOf(tenantId)).toHaveLength(22);
    await database.query(`update audit_archives set leased_until = now() - interval '1 second' where id = $1`, [
      left.id,
    ]);
    expect((await archives.retire(tenantId, cutoff())).deleted).toBe(20);
    expect(archives.files().filter((name) => name.includes('killed'))).toEqual([]);
  });

  it('survive a process that is killed between archiving and removing: nothing lost, nothing twice', async () => {
    const tenantId = await live(60);
    const killed = () => Promise.reject(new Error('killed'));
    await expect(archives.retire(tenantId, cutoff(), killed)).rejects.toThrow('killed');
    expect(await rowsOf(tenantId)).toHaveLength(62);
    const files = archives.files();
    const { deleted, archives: written } = await archives.retire(tenantId, cutoff());
    expect(deleted).toBe(60);
    expect(archives.files()).toEqual(expect.arrayContaining(files));
    const held = await database.query<{ entries: number; overlaps: number }>(
      `select sum(entries)::int as entries, (select count(*)::int from audit_archives a join audit_archives b
         on a.id < b.id and a.leaves && b.leaves and a.tenant_id = $1 and b.tenant_id = $1) as overlaps
       from audit_archives where tenant_id = $1 and state = 'stored'`,
      [tenantId],
    );
    expect(held).toEqual([{ entries: 60, overlaps: 0 }]);
    expect(written.length).toBeLessThan(4);
    await trail.sealAll();
    expect(verifyLines(await trail.export(tenantId))).toMatchObject({ ok: true, pruned: 60 });
  });

  it('are written anew where an erasure came between archiving and removing', async () => {
    const tenantId = await live(60, (n) => ({ message: `told of user-${n % 9}` }));
    await expect(archives.retire(tenantId, cutoff(), () => Promise.reject(new Error('killed')))).rejects.toThrow();
    await trail.database.inSystem((sql) =>
      trail.acts.erase(sql, tenantId, {
        condition: 'user_id = $2',
        values: ['user-3'],
        fields: ['user_id', 'message'],
      }),
    );
    await trail.sealAll();
    expect((await archives.retire(tenantId, cutoff())).deleted).toBe(60);
    const stored = await database.query<{ file: string }>(
      `select file from audit_archives where tenant_id = $1 and state = 'stored'`,
      [tenantId],
    );
    const lines = stored.flatMap(({ file }) => archives.lines(file));
    expect(lines.filter((line) => line.includes('user-3'))).toEqual([]);
    expect(lines.filter((line) => line.includes('user-4')).length).toBeGreaterThan(0);
    for (const { file } of stored) expect(verifyLines(archives.lines(file))).toMatchObject({ ok: true });
    expect(archives.files().filter((name) => name.startsWith(tenantId))).toHaveLength(2 * stored.length);
  });

  it('answer a search together with the table, each entry once, newest first', async () => {
    const event = (n: number) => ({
      ...{
        action_type: 'EVENT',
        functionality: 'Authenticate',
        event_type: 'Login',
        message: `Logged IN ${n % 5} by re\u0301sume\u0301`,
      },
    });
    const tenantId = await live(90, event);
    const filter = {
      range: { from: 0, to: Date.now() + DAY_MS },
      equal: { user_id: 'user-2' },
      auditEventsOnly: true,
      messagePart: 'in',
    };
    const { rows: expected, total } = await archives.search.listPage(tenantId, filter, 50, 0);
    expect(total).toBe(10);
    const { archives: written } = await archives.retire(tenantId, cutoff());
    await archives.restore(written[1]!.file);
    const found = await archives.search.listPage(tenantId, filter, 50, 0);
    expect(found.total).toBe(10);
    expect(found.rows.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    expect(new Set(found.rows.map(({ archived, restored }) => `${archived} ${restored}`))).toEqual(
      new Set(['true false', 'false true']),
    );
    const pages = await Promise.all(
      [0, 3, 6, 9].map((offset) => archives.search.listPage(tenantId, filter, 3, offset)),
    );
    expect(pages.flatMap(({ rows }) => rows.map(({ id }) => id))).toEqual(expected.map(({ id }) => id));
    const composed = { ...filter, messagePart: 'by R\u00c9SUM\u00c9' };
    expect((await archives.search.listPage(tenantId, composed, 50, 0)).total).toBe(10);
    const recent = { ...filter, range: { from: Date.now() - DAY_MS, to: Date.now() + DAY_MS } };
    expect((await archives.search.listPage(tenantId, recent, 3, 0)).searched).toEqual([]);
    await expect(archives.search.listPage(tenantId, filter, 5_000, 1)).rejects.toMatchObject({ status: 400 });
    await database.query(`update audit_archives set entries = 500001 where id = $1`, [written[0]!.id]);
    await expect(archives.search.listPage(tenantId, filter, 50, 0)).rejects.toMatchObject({ status: 400 });
  });

  it('have a place, or nothing is removed in production', async () => {
    const tenantId = await live(5);
    const nowhere = new TestArchives(trail, database.url, { NODE_ENV: 'production', ARCHIVE_DIR: '' });
    await expect(nowhere.retire(tenantId, cutoff())).rejects.toMatchObject({
      status: 422,
      detail: expect.stringContaining('set ARCHIVE_DIR or ARCHIVE_URL'),
    });
    nowhere.remove();
    expect(await rowsOf(tenantId)).toHaveLength(7);
  });

  it('are of one tenant: an entry of another one in them cannot come back', async () => {
    const tenantId = await live(10);
    const { archives: written } = await archives.retire(tenantId, cutoff());
    const row = JSON.stringify({ id: uuid7(), tenant_id: DEFAULT_TENANT_ID });
    await expect(archives.archives.restore(written[0]!, [row], new Date())).rejects.toThrow('not in the tree');
  });

  it('may be kept in a bucket, and come back from there', async () => {
    const directory = mkdtempSync(join(tmpdir(), 's3-'));
    const server = new S3rver({ port: 0, silent: true, directory, configureBuckets: [{ name: 'audit', configs: [] }] });
    const { port } = await server.run();
    const env = {
      ARCHIVE_URL: 's3://audit/some/where',
      ARCHIVE_S3_ENDPOINT: `http://127.0.0.1:${port}`,
      ARCHIVE_S3_REGION: 'eu-central-1',
      ARCHIVE_S3_ACCESS_KEY_ID: 'S3RVER',
      ARCHIVE_S3_SECRET_ACCESS_KEY: 'S3RVER',
    };
    const bucket = new TestArchives(trail, database.url, env);
    try {
      const tenantId = await live(50);
      const before = await rowsOf(tenantId);
      const { deleted, archives: written } = await bucket.retire(tenantId, cutoff());
      expect(deleted).toBe(50);
      const store = await bucket.configured.get();
      expect(store.locate(written[0]!.file)).toBe(`s3://audit/some/where/${written[0]!.file}`);
      for (const { file } of written) await bucket.restore(file);
      expect((await rowsOf(tenantId)).slice(0, before.length)).toEqual(before);
      await store.remove(written[0]!.file);
      await expect(bucket.restore(written[0]!.file)).rejects.toThrow(/cannot be read/);
      const wrong = new TestArchives(trail, database.url, { ...env, ARCHIVE_S3_SECRET_ACCESS_KEY: 'wrong' });
      await expect(wrong.retire(await live(5), cutoff())).rejects.toThrow(/signature/i);
      wrong.remove();
    } finally {
      bucket.remove();
      await server.close();
      rmSync(directory, { recursive: true });
    }
  });
});
