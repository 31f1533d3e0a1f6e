import { toMicroseconds } from '../../src/platform/time/time.js';
import type { Erasure } from '../../src/audit/transparency-log/audit-acts.js';
import { canonicalJson, type JsonValue } from '../../src/audit/transparency-log/canonical-json.js';
import type { EntryLine } from '../../src/audit/transparency-log/evidence.js';
import { leafHash, PERSONAL_FIELDS, type PersonalField } from '../../src/audit/transparency-log/leaf.js';
import { foldPeaks } from '../../src/audit/transparency-log/merkle-tree.js';
import type { Sql } from '../../src/platform/database/database.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { idOf, TestTrail, verifyLines } from '../support/audit-trail.js';
import { describeDatabase } from '../support/fixture.js';

const DAY_MS = 86_400_000;
const ALL: Pick<Erasure, 'condition' | 'values'> = { condition: 'true', values: [] };

describeDatabase('an act on the trail', {}, (database) => {
  let trail: TestTrail;
  let tenant: string;

  beforeAll(async () => {
    trail = new TestTrail(database.url);
  });

  beforeEach(() => {
    tenant = uuid7();
  });

  afterAll(() => trail.stop());

  const write = (given: Parameters<TestTrail['write']>[0] = {}) => trail.write({ tenant_id: tenant, ...given });
  const erase = (erasure: Erasure) => trail.database.inSystem((sql) => trail.acts.erase(sql, tenant, erasure));

  /** The entries as an export shows them, after it was verified. */
  async function exported(): Promise<EntryLine[]> {
    await trail.sealAll();
    const lines = await trail.export(tenant);
    const { problems, ok, complete } = verifyLines(lines);
    expect([problems, ok, complete]).toEqual([[], true, true]);
    return lines.map((line) => JSON.parse(line) as EntryLine).filter((line) => line.id !== undefined);
  }

  const actLeaf = async () => {
    const [row] = await database.query<{ leaf: Buffer }>(
      `select leaf from audit_leaves where tenant_id = $1 and kind <> 'entry' order by leaf_index desc limit 1`,
      [tenant],
    );
    return JSON.parse(row!.leaf.toString()) as Record<string, unknown>;
  };

  it('takes the fields it names, and leaves every other provable', async () => {
    await write({ user_id: 'ada', message: 'of ada' });
    const kept = await write({ user_id: 'bob' });
    const values = ['ada'];
    const fields: PersonalField[] = ['user_id', 'message', 'session_id'];
    expect(await erase({ condition: 'user_id = $2', values, fields, subject: 'aGFzaA' })).toBe(1);
    expect(await actLeaf()).toMatchObject({
      v: 2,
      mode: 'erase',
      fields,
      subject: 'aGFzaA',
      count: 1,
      tenant_id: tenant,
    });
    const [first, second] = await exported();
    expect(first).toMatchObject({ user_id: null, message: null, resource_id: '42', before_state: { total: 1 } });
    expect(first!.erased_fields).toEqual(['message', 'user_id']);
    expect(first!.erased_at).toBe((await actLeaf())['at']);
    expect(Object.keys(first!.evidence.salts!).sort()).toEqual([
      'after_state',
      'before_state',
      'ip_address',
      'resource_id',
    ]);
    expect(second).toMatchObject({ ...kept, erased_at: null, erased_fields: null, redacted_fields: null });
    expect(await erase({ condition: 'user_id = $2 or true', values, fields: ['session_id'] })).toBe(0);
  });

  it('of several on one entry, the last says when, and each answers for its fields', async () => {
    await write();
    expect(await erase({ ...ALL, fields: ['message'] })).toBe(1);
    expect(await erase({ ...ALL, fields: ['message', 'user_id'] })).toBe(1);
    expect(await erase({ ...ALL, fields: ['message', 'user_id'] })).toBe(0);
    const [entry] = await exported();
    expect(entry!.erased_fields).toEqual(['message', 'user_id']);
    expect(entry!.erased_at).toBe((await actLeaf())['at']);
  });

  it('redacts whole string values, never a key, a number or a part of a string', async () => {
    const state = {
      '7': 'seven',
      quantity: 7,
      text: 'Invoice 7',
      who: '7',
      deep: [{ list: ['7', 7, null, 'x'] }],
      none: {},
    };
    await write({ user_id: '7', message: '7 approved', resource_id: '7', before_state: state, after_state: ['7'] });
    const other = await write({
      message: 'Invoice 7 approved',
      before_state: { quantity: '77' },
      metadata: { '7': 7 },
    });
    const fields = PERSONAL_FIELDS;
    expect(await erase({ ...ALL, fields, mode: 'redact', replace: ['7', 'nobody', '[redacted]'] })).toBe(1);
    const [first, second] = await exported();
    expect(first).toMatchObject({
      ...{ user_id: '[redacted]', resource_id: '[redacted]', message: '7 approved', after_state: ['[redacted]'] },
      before_state: { ...state, who: '[redacted]', deep: [{ list: ['[redacted]', 7, null, 'x'] }] },
      ...{ erased_fields: null, redacted_fields: ['after_state', 'before_state', 'resource_id', 'user_id'] },
    });
    expect(Object.keys(first!.evidence.salts!).sort()).toEqual(['ip_address', 'message']);
    expect(second).toMatchObject({ ...other, redacted_fields: null });
    expect(await erase({ ...ALL, fields, mode: 'redact', replace: ['7', '[redacted]'] })).toBe(0);
    expect(await erase({ condition: `user_id = '[redacted]'`, values: [], fields: ['user_id'] })).toBe(1);
    expect((await exported())[0]).toMatchObject({
      ...{ user_id: null, erased_fields: ['user_id'] },
      redacted_fields: ['after_state', 'before_state', 'resource_id'],
    });
  });

  it('never takes who did what to which resource from what Tidemark itself recorded', async () => {
    const own = { source: 'tidemark', resource_type: 'api_key', resource_id: 'name', action_type: 'DELETE' } as const;
    await write({ ...own, before_state: { name: 'name' }, user_id: null, ip_address: null, key_id: uuid7() });
    const redaction = { ...ALL, fields: PERSONAL_FIELDS, mode: 'redact' as const, replace: ['name'] };
    expect(await erase(redaction)).toBe(1);
    expect(await erase(redaction)).toBe(0);
    expect((await exported())[0]).toMatchObject({ ...own, before_state: { name: '[redacted]' } });
    expect(await erase({ ...ALL, fields: PERSONAL_FIELDS })).toBe(1);
    expect((await exported())[0]).toMatchObject({ ...own, message: null, before_state: null });
    await expect(
      database.query(`set local tidemark.audit_maintenance = on; update audit_entries set resource_id = null`),
    ).rejects.toThrow('audit_entries_resource_check');
  });

  describe('is refused by the database', () => {
    const NEVER = { ...{ v: 2, count: 1 }, at: toMicroseconds(Date.now()) };

    /** Appends a leaf that says what its author likes. @returns its index */
    async function order(sql: Sql, members: Record<string, JsonValue>): Promise<number> {
      const tree = await trail.sealing.sealTenant(sql, tenant);
      const { kind } = members as { kind: 'erasure' };
      const leaf = { ...NEVER, id: uuid7(), tenant_id: tenant, tree_size: tree.size, ranges: [[0, 1]], ...members };
      const bytes = Buffer.from(canonicalJson({ root_hash: foldPeaks(tree.peaks).toString('base64'), ...leaf }));
      await trail.trees.append(sql, [
        { tree, leaves: [{ kind, entryId: null, actId: uuid7(), hash: leafHash(bytes), leaf: bytes }] },
      ]);
      return tree.size;
    }

    const ERASURE = { kind: 'erasure', mode: 'erase', fields: ['message'] };
    const call = (sql: Sql, name: string, index: number, targets: string[] | null = null) =>
      name === 'prune'
        ? sql.query('select prune_audit_entries($1, $2)', [tenant, index])
        : sql.query('select erase_audit_entries($1, $2, $3)', [tenant, index, targets]);
    const attempt = (members: Record<string, JsonValue>, targets: string[] | null = null) =>
      trail.database.inSystem(async (sql) => {
        await call(sql, members['kind'] === 'prune' ? 'prune' : 'erase', await order(sql, members), targets);
      });

    beforeEach(() => write());

    it.each<[string, Record<string, JsonValue>, string[] | null, string]>([
      ['values that the act does not order', ERASURE, ['changed'], 'does not order this erasure'],
      ['a redaction without values', { ...ERASURE, mode: 'redact' }, null, 'does not order this erasure'],
      ['another mode', { ...ERASURE, mode: 'forget' }, null, 'does not order this erasure'],
      ['a field that is not personal', { ...ERASURE, fields: ['source'] }, null, 'does not order this erasure'],
      ['no fields', { ...ERASURE, fields: [] }, null, 'does not order this erasure'],
      [
        'fewer entries than it says',
        { ...ERASURE, count: 2 },
        null,
        'orders the erasure of 2 entries, it would change 1',
      ],
      ['entries that lose nothing', { ...ERASURE, fields: ['session_id'] }, null, 'it would change 0'],
      ['another version', { ...ERASURE, v: 1 }, null, 'is not what its place says'],
      ['another tenant', { ...ERASURE, tenant_id: uuid7() }, null, 'is not what its place says'],
      ['another place', { ...ERASURE, tree_size: 0 }, null, 'is not what its place says'],
      ['no age', { kind: 'prune' }, null, 'entries that are not a day old'],
      [
        'an age of an hour',
        { kind: 'prune', older_than: toMicroseconds(Date.now() - DAY_MS / 24) },
        null,
        'not a day old',
      ],
      [
        'entries younger than it says',
        { kind: 'prune', older_than: toMicroseconds(Date.now() - 2 * DAY_MS) },
        null,
        'recorded after',
      ],
    ])('when it is about %s', async (_, members, targets, message) => {
      await expect(attempt(members, targets)).rejects.toThrow(message);
      expect((await exported())[0]).toMatchObject({ message: 'changed' });
    });

    it.each([
      ['created_at', `now() - interval '3 days'`, uuid7()],
      ['id', 'now()', idOf(Date.now() - 3 * DAY_MS)],
    ])('when only the %s of an entry is as old as it says', async (_, createdAt, id) => {
      await trail.sealAll();
      await write({ id });
      await database.query(
        `set local tidemark.audit_maintenance = on; update audit_entries set created_at = ${createdAt} where id = '${id}'`,
      );
      const older_than = toMicroseconds(Date.now() - 2 * DAY_MS);
      await expect(attempt({ kind: 'prune', older_than, ranges: [[1, 2]] })).rejects.toThrow('recorded after');
      expect(await database.query('select from audit_entries where id = $1', [id])).toHaveLength(1);
    });

    it('when it was carried out before, is of another transaction, or is not the newest leaf', async () => {
      const refusal = 'that this transaction appended last and has not carried out yet';
      const twice = trail.database.inSystem(async (sql) => {
        const index = await order(sql, ERASURE);
        await call(sql, 'erase', index);
        await call(sql, 'erase', index);
      });
      await expect(twice).rejects.toThrow(refusal);
      const late = await trail.database.inSystem((sql) => order(sql, ERASURE));
      await expect(trail.database.inSystem((sql) => call(sql, 'erase', late))).rejects.toThrow(refusal);
      const older = trail.database.inSystem(async (sql) => {
        const index = await order(sql, ERASURE);
        await order(sql, ERASURE);
        await call(sql, 'erase', index);
      });
      await expect(older).rejects.toThrow(refusal);
      const other = trail.database.inSystem(async (sql) => call(sql, 'prune', await order(sql, ERASURE)));
      await expect(other).rejects.toThrow(refusal);
    });

    it('and a pruning goes by when entries were recorded', async () => {
      await write({ id: idOf(Date.now() - 3 * DAY_MS), occurred_at: toMicroseconds(Date.now()) });
      await write({ occurred_at: '2020-01-01T00:00:00.000000Z' });
      expect(await trail.acts.prune(tenant, { olderThan: new Date(Date.now() - 2 * DAY_MS) })).toEqual({ deleted: 1 });
      expect(await exported()).toHaveLength(2);
    });
  });
});
