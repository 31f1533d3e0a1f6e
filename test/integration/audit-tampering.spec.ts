import pg from 'pg';
import { mulberry32 } from '../../src/events/sample-data/seeded-random.js';
import { PERSONAL_FIELDS } from '../../src/audit/transparency-log/leaf.js';
import type { Database, Sql } from '../../src/platform/database/database.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { idOf, TestTrail, verifyLines } from '../support/audit-trail.js';
import { describeDatabase } from '../support/fixture.js';
import { TAMPERINGS } from '../support/tamperings.js';

/** `npm run test:audit` does a thousand. */
const COUNT = Number(process.env['AUDIT_TAMPERINGS'] ?? 90);
const UNTAMPERED = Math.max(10, COUNT / 10);
/** An owner switches off triggers and checks alike. */
const BEGIN = `begin; set local session_replication_role = replica;
  alter table audit_entries drop constraint audit_entries_erased_check, drop constraint audit_entries_resource_check`;
const DAY_MS = 86_400_000;
const SEED = Number(process.env['AUDIT_SEED'] ?? 1);

describeDatabase('whoever owns the database', {}, (database) => {
  let trail: TestTrail;
  let owner: pg.Client;
  let inOwner: TestTrail;
  const tenant = uuid7();
  let old: { note: string; size: number };
  let kept: { note: string; key: string; size: number };

  beforeAll(async () => {
    trail = new TestTrail(database.url);
    owner = new pg.Client({ connectionString: database.ownerUrl });
    await owner.connect();
    const sql = owner as unknown as Sql;
    const work = <T>(run: (sql: Sql) => Promise<T>) => run(sql);
    const inTenant = (_tenant: string, run: typeof work) => work(run as never);
    const transaction = { system: owner, inSystem: work, inTenant, readInTenant: inTenant };
    inOwner = new TestTrail(database.url, {}, transaction as unknown as Database);
    await fill();
  });

  afterAll(async () => {
    await owner.end();
    await trail.stop();
  });

  /** 70 entries, of which some are erased and some are pruned. */
  async function fill(): Promise<void> {
    for (let n = 0; n < 70; n++) {
      await trail.write({
        tenant_id: tenant,
        user_id: n % 9 === 0 ? 'subject' : `user-${n}`,
        ...(n < 5 ? { id: idOf(Date.now() - 2 * DAY_MS) } : {}),
      });
      if (n === 40) old = await checkpoint();
    }
    await trail.database.inSystem((sql) =>
      trail.acts.erase(sql, tenant, { condition: 'user_id = $2', values: ['subject'], fields: ['user_id', 'message'] }),
    );
    expect(await trail.acts.prune(tenant, { olderThan: new Date(Date.now() - 1.5 * DAY_MS) })).toEqual({ deleted: 5 });
    kept = await checkpoint();
  }

  async function checkpoint(of = tenant): Promise<{ note: string; key: string; size: number }> {
    await trail.sealAll();
    const answer = await trail.proofs.getCheckpoint(of);
    return { note: answer.checkpoint, key: answer.public_key, size: answer.tree_size };
  }

  const verify = async (from: TestTrail) =>
    verifyLines(await from.export(tenant), { earlier: kept.note, publicKeys: [kept.key] });

  it(`cannot change anything unnoticed: ${COUNT} random changes`, async () => {
    const names = Object.keys(TAMPERINGS);
    const random = mulberry32(SEED);
    const unnoticed: string[] = [];
    expect((await verify(inOwner)).problems).toEqual([]);
    for (let n = 0; n < COUNT; n++) {
      const name = names[n % names.length]!;
      await owner.query(BEGIN);
      try {
        const below = (limit: number) => Math.floor(random() * limit);
        const sql = owner as unknown as Sql;
        await TAMPERINGS[name]!({ sql, trail: inOwner, tenant, random: below, size: kept.size, old });
        if ((await verify(inOwner)).ok) unnoticed.push(`${n}: ${name}`);
      } finally {
        await owner.query('rollback');
      }
    }
    process.stdout.write(`tamperings: ${COUNT - unnoticed.length} of ${COUNT} found, seed ${SEED}\n`);
    expect(unnoticed).toEqual([]);
  }, 600_000);

  it(`is not accused wrongly: ${UNTAMPERED} exports while entries come, erasures and prunings happen`, async () => {
    let alarms = 0;
    for (let n = 0; n < UNTAMPERED; n++) {
      await trail.write({ tenant_id: tenant, user_id: `late-${n % 3}` });
      if (n % 5 === 1)
        await trail.database.inSystem((sql) =>
          trail.acts.erase(sql, tenant, {
            condition: 'user_id = $2',
            values: [`late-${n % 3}`],
            fields: PERSONAL_FIELDS,
          }),
        );
      if (n % 7 === 1) await trail.acts.prune(tenant, { olderThan: new Date(Date.now() - DAY_MS) });
      await trail.sealAll();
      const verdict = await verify(trail);
      if (!verdict.ok || !verdict.complete) {
        alarms += 1;
        process.stdout.write(`${verdict.problems.join('\n')}\n`);
      }
    }
    process.stdout.write(`untampered exports: ${alarms} false alarms in ${UNTAMPERED}\n`);
    expect(alarms).toBe(0);
  }, 600_000);

  describe('and signs everything anew, with the service’s own key', () => {
    const other = uuid7();
    let earlier: { note: string; key: string; size: number };

    beforeAll(async () => {
      for (let n = 0; n < 20; n++) await trail.write({ tenant_id: other, user_id: `user-${n % 2}` });
      earlier = await checkpoint(other);
    });

    const more = async () => {
      await inOwner.write({ tenant_id: other }, owner);
      await owner.query(
        `insert into audit_unsealed select tenant_id, id, sha256('\\x00'::bytea || leaf) from audit_entries e
         where tenant_id = $1 and not exists (select from audit_leaves l where l.tenant_id = $1 and l.entry_id = e.id)`,
        [other],
      );
      await inOwner.sealAll();
    };

    it.each([
      ['cut the tail', false, 'its end was cut off or it was set back'],
      ['forge an entry, its leaf and everything above it', false, 'does not begin with the tree of the earlier'],
      ['forge an entry, its leaf and everything above it', true, 'does not begin with the tree of the earlier'],
    ])('%s (grown since: %s) is seen by the earlier checkpoint alone', async (name, grown, problem) => {
      await owner.query(BEGIN);
      try {
        const sql = owner as unknown as Sql;
        const random = (below: number) => Math.min(3, below - 1);
        await TAMPERINGS[name]!({ sql, trail: inOwner, tenant: other, random, size: earlier.size, old });
        if (grown) await more();
        const lines = await inOwner.export(other);
        expect(verifyLines(lines, { publicKeys: [earlier.key] })).toMatchObject({ ok: true, complete: true });
        const verdict = verifyLines(lines, { publicKeys: [earlier.key], earlier: earlier.note });
        expect(verdict.problems).toEqual([expect.stringContaining(problem)]);
        expect(verdict.ok).toBe(false);
      } finally {
        await owner.query('rollback');
      }
    });

    it('is seen line by line where an export has filters: each needs its own proof', async () => {
      const { rows } = await trail.database.system.query<{ id: string }>(
        `select id from audit_entries where tenant_id = $1 and user_id = 'user-1' order by id`,
        [other],
      );
      const attach = await trail.evidence.openFiltered(other, { user_id: 'user-1' });
      const lines = (await attach(rows)).map((line) => structuredClone(line));
      const check = () =>
        verifyLines(
          lines.map((line) => JSON.stringify(line)),
          { publicKeys: [earlier.key] },
        );
      expect(check()).toMatchObject({ ok: true, complete: false, entries: 10 });
      const { evidence } = lines[4]!;
      const proof = evidence.proof!;
      for (const wrong of [proof.slice(1), [...proof].reverse(), []]) {
        evidence.proof = wrong;
        expect(check().problems).toEqual([expect.stringContaining('line 5 nothing proves that this is leaf')]);
      }
      delete evidence.proof;
      expect(check().ok).toBe(false);
    });
  });
});
