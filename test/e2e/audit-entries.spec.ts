import pg from 'pg';
import { connectionString, type DatabaseRole } from '../../src/platform/database/database.js';
import { describeApi } from '../support/fixture.js';

interface Entry {
  id: string;
  tenant_id: string;
  action_type: string;
  resource_type: string;
  resource_id: string;
  severity: string;
  message: string | null;
  before_state: unknown;
  changes: { path: string; before?: unknown; after?: unknown }[];
  occurred_at: string;
  created_at: string;
  duplicate?: boolean;
}

interface Page {
  data: Entry[];
  next_cursor: string | null;
}

interface Bulk {
  created: number;
  duplicates: number;
  rejected: number;
  results: { index: number; status: string; id?: string; error?: { message: string; path?: string } }[];
}

const ENTRY = { action_type: 'UPDATE', resource_type: 'invoice', resource_id: 'INV-42' };

describeApi('business audit trail', { env: { RATE_LIMIT_REQUESTS: '1000000' } }, (api, { database }) => {
  let key: string;

  beforeEach(async () => {
    key = await api.createKey(await api.createTenant(`tenant ${Math.random()}`), ['read', 'write']);
  });

  const post = (body: unknown) => api.post<Entry>('/logs', body, key);
  const bulk = (logs: unknown[]) => api.post<Bulk>('/logs/bulk', { logs }, key);
  const list = async (query = '') => (await api.get<Page>(`/logs${query}`, key)).body;
  const count = async (where = 'true') => {
    const tenant = (await api.get<{ tenant: { id: string } }>('/auth/info', key)).body.tenant.id;
    const [row] = await database.query<{ n: number }>(
      `select count(*)::int as n from audit_entries where tenant_id = $1 and resource_type = 'invoice' and ${where}`,
      [tenant],
    );
    return row!.n;
  };

  it('gives back what was recorded, with what changed', async () => {
    const sent = {
      ...ENTRY,
      severity: 'WARNING',
      user_id: 'jdoe',
      session_id: 's-1',
      ip_address: '192.0.2.10',
      user_agent: 'curl/8',
      before_state: { status: 'open', lines: [{ sku: 'a', 'n/m': 1 }], gone: true },
      after_state: { status: 'approved', lines: [{ sku: 'a', 'n/m': 2 }, 'x'], constructor: null },
      metadata: { reason: 'Größe „ok“ 😀' },
      message: 'Invoice approved',
      status: 'Success',
      occurred_at: '2026-11-20T10:00:00.123Z',
    };
    const { status, body } = await post(sent);
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...sent, client_id: 'shop', duplicate: false, functionality: null });
    const { body: read } = await api.get<Entry>(`/logs/${body.id}`, key);
    const { duplicate: _, ...created } = body;
    expect(read).toEqual(created);
    expect(read.changes).toEqual([
      { path: '/constructor', after: null },
      { path: '/gone', before: true },
      { path: '/lines/0/n~1m', before: 1, after: 2 },
      { path: '/lines/1', after: 'x' },
      { path: '/status', before: 'open', after: 'approved' },
    ]);
    expect(JSON.stringify(read)).not.toMatch(/salt|leaf/);
  });

  it('stores the leaf bytes of what it stores', async () => {
    const { body } = await post({ ...ENTRY, message: 'Straße', metadata: { b: 1, a: [1e21, -0, 'ü'] } });
    const [row] = await database.query<{ leaf: Buffer; salts: Buffer }>(
      'select leaf, salts from audit_entries where id = $1',
      [body.id],
    );
    const leaf = JSON.parse(row!.leaf.toString()) as Record<string, unknown>;
    expect(leaf).toMatchObject({
      v: 2,
      kind: 'entry',
      source: 'api',
      id: body.id,
      action_type: 'UPDATE',
      client_id: 'shop',
    });
    expect(leaf['occurred_at']).toBe(`${body.occurred_at.slice(0, -1)}000Z`);
    expect(row!.salts).toHaveLength(160);
    expect(row!.leaf.toString()).not.toMatch(/INV-42|Straße/);
  });

  it.each([
    ['a missing field', { resource_type: 'x', resource_id: '1' }, /action_type is missing/],
    ['a wrong action', { ...ENTRY, action_type: 'EVENT' }, /action_type must be one of CREATE/],
    ['a wrong severity', { ...ENTRY, severity: 'low' }, /severity must be one of/],
    ['an unknown field', { ...ENTRY, resourc: 1 }, /resourc is not a known field/],
    ['a wrong type', { ...ENTRY, resource_id: 42 }, /resource_id must be a string/],
    ['an address that is none', { ...ENTRY, ip_address: '1.2.3' }, /ip_address must be/],
    ['NUL', { ...ENTRY, message: 'a\0b' }, /message contains the character NUL/],
    ['half a surrogate pair', { ...ENTRY, metadata: { a: '\ud800' } }, /metadata\.a contains half/],
    ['a state that is a text', { ...ENTRY, before_state: 'x' }, /before_state must be/],
    ['a long id', { ...ENTRY, user_id: 'x'.repeat(256) }, /user_id must be 1 to 255/],
    ['a time without an offset', { ...ENTRY, occurred_at: '2026-11-20T10:00:00' }, /occurred_at must be an RFC 3339/],
    ['a time in the far future', { ...ENTRY, occurred_at: '2999-01-01T00:00:00Z' }, /occurred_at must be between/],
    ['more than 64 KiB', { ...ENTRY, message: 'x'.repeat(65_536) }, /larger than 65536 bytes/],
    ['a list', [ENTRY], /must be a JSON object/],
  ])('refuses %s', async (_name, body, sentence) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ detail: expect.stringMatching(sentence) as string });
  });

  it('refuses states nested without end or with numbers without end', async () => {
    for (const state of [`${'['.repeat(20_000)}${']'.repeat(20_000)}`, '{"a":1e400}']) {
      const text = JSON.stringify({ ...ENTRY, before_state: 0 }).replace('"before_state":0', `"before_state":${state}`);
      expect((await post(text)).status).toBe(400);
    }
  });

  it('answers every entry of a bulk on its own', async () => {
    const { status, body } = await bulk([
      ENTRY,
      { ...ENTRY, action_type: 'NOPE' },
      { ...ENTRY, idempotency_key: 'a' },
      { ...ENTRY, idempotency_key: 'a' },
      { ...ENTRY, idempotency_key: 'a', message: 'other' },
      null,
      { ...ENTRY, metadata: { deep: '\0' } },
    ]);
    expect(status).toBe(201);
    expect(body).toMatchObject({ created: 2, duplicates: 1, rejected: 4 });
    expect(body.results.map(({ status }) => status)).toEqual([
      'created',
      'rejected',
      'created',
      'duplicate',
      'rejected',
      'rejected',
      'rejected',
    ]);
    expect(body.results[3]!.id).toBe(body.results[2]!.id);
    expect(body.results[6]!.error?.path).toBe('logs[6].metadata.deep');
    expect(await count()).toBe(2);
    expect((await bulk([{}, 1])).status).toBe(400);
    expect((await bulk([])).status).toBe(400);
    expect((await bulk(Array.from({ length: 1_001 }, () => ENTRY))).status).toBe(413);
  });

  it('records the same idempotency key once, from fifty requests at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        n % 2 === 0
          ? post({ ...ENTRY, idempotency_key: 'once' })
          : bulk([
              { ...ENTRY, idempotency_key: `other-${n % 10}` },
              { ...ENTRY, idempotency_key: 'once' },
            ]),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(await count(`idempotency_key = 'once'`)).toBe(1);
    expect(await count()).toBe(6);
    const again = await api.call<Entry>('POST', '/logs', { key, body: ENTRY, headers: { 'Idempotency-Key': 'once' } });
    expect(again.body.duplicate).toBe(true);
    const conflict = await post({ ...ENTRY, idempotency_key: 'once', message: 'other' });
    expect(conflict.status).toBe(422);
    expect(conflict.body).toMatchObject({
      type: expect.stringMatching(/idempotency-conflict$/) as string,
      id: again.body.id,
    });
  });

  it('lists newest first, page by page, whatever arrives meanwhile', async () => {
    const logs = Array.from({ length: 25 }, (_, n) => ({
      ...ENTRY,
      resource_id: String(n),
      occurred_at: new Date(Date.now() - (n % 7) * 3_600_000).toISOString(),
    }));
    await bulk(logs);
    const seen: Entry[] = [];
    let cursor: string | null = null;
    do {
      const page: Page = await list(`?resource_type=invoice&limit=4${cursor === null ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.data);
      cursor = page.next_cursor;
      if (seen.length === 8) await post({ ...ENTRY, resource_id: 'late' });
    } while (cursor !== null);
    expect(new Set(seen.map((entry) => entry.resource_id)).size).toBe(25);
    const order = seen.map((entry) => `${entry.occurred_at} ${entry.id}`);
    expect(order).toEqual([...order].sort().reverse());
    for (const wrong of ['x', Buffer.from('2026-11-20T10:00:00.000000Z nothing').toString('base64url')]) {
      expect((await api.get(`/logs?cursor=${wrong}`, key)).status).toBe(400);
    }
  });

  it('keeps to the range even after a cursor of a wider one', async () => {
    const at = (second: number) => `2026-11-01T00:00:0${second}.000Z`;
    for (const second of [1, 2, 3, 4]) {
      const entry = { action_type: 'VIEW', resource_type: 'range', resource_id: '1', occurred_at: at(second) };
      expect((await api.post('/logs', entry, key)).status).toBe(201);
    }
    const from = '2026-10-31T00:00:00Z';
    const wide: Page = await list(`?resource_type=range&from=${from}&limit=1`);
    expect(wide.data.map(({ occurred_at }) => occurred_at)).toEqual([expect.stringContaining(':04.')]);
    const narrow: Page = await list(`?resource_type=range&from=${from}&to=${at(3)}&cursor=${wide.next_cursor!}`);
    expect(narrow.data.map(({ occurred_at }) => occurred_at.slice(17, 19))).toEqual(['02', '01']);
  });

  it('cannot be changed by the application, nor by a slip of the owner', async () => {
    await post({ ...ENTRY, idempotency_key: 'kept' });
    const partition = `audit_entries_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;
    const changes = (table: string) => [
      `update ${table} set message = 'x'`,
      `delete from ${table}`,
      `truncate ${table}`,
    ];
    for (const role of ['tidemark_app', 'tidemark_system'] satisfies DatabaseRole[]) {
      const client = new pg.Client({ connectionString: connectionString(database.url, role) });
      await client.connect();
      const statements = [
        ...changes('audit_entries'),
        ...changes(partition),
        ...changes('searchable_audit_entries'),
        `insert into audit_entries select * from audit_entries on conflict (tenant_id, id) do update set message = 'x'`,
        `select set_config('tidemark.audit_maintenance', 'on', false); delete from audit_entries`,
        'drop table audit_entries',
        'alter table audit_entries disable trigger all',
        'update audit_keys set id = id',
        'delete from audit_keys',
      ];
      for (const sql of statements)
        await expect(client.query(sql)).rejects.toMatchObject({ code: expect.stringMatching(/^42|^55/) as string });
      await client.end();
    }
    for (const sql of [...changes('audit_entries'), ...changes(partition)]) {
      await expect(database.query(sql)).rejects.toMatchObject({
        message: expect.stringMatching(/append-only/) as string,
      });
    }
    expect(await count()).toBe(1);
  });
});
