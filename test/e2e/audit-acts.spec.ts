import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describeApi } from '../support/fixture.js';

interface Entry {
  action_type: string;
  resource_type: string;
  resource_id: string;
  client_id: string;
  key_id: string | null;
  changes: { path: string; before?: unknown; after?: unknown }[];
}

describeApi('what is done to Tidemark itself', {}, (api, { database }) => {
  let tenantId: string;
  let admin: string;
  let adminId: string;

  beforeAll(async () => {
    tenantId = await api.createTenant('Acme');
    admin = await api.createKey(tenantId, ['admin']);
    adminId = (await api.get<{ key_id: string }>('/auth/info', admin)).body.key_id;
  });

  const entriesOf = async (id: string, key?: string) =>
    (await api.get<{ data: Entry[] }>(`/logs?resource_id=${id}`, key)).body.data.reverse();

  it('is in the trail: keys created, changed, rotated, deleted, without their secrets', async () => {
    const { body: created } = await api.post<{ id: string; key: string }>(
      '/keys',
      { client_id: 'c', name: 'n' },
      admin,
    );
    const path = `/keys/${created.id}`;
    await api.call('PATCH', path, { key: admin, body: { is_active: false } });
    const { body: rotated } = await api.post<{ key: string }>(`${path}/rotate`, {}, admin);
    await api.call('DELETE', path, { key: admin });
    const entries = await entriesOf(created.id, admin);
    expect(entries.map((entry) => entry.action_type)).toEqual(['CREATE', 'UPDATE', 'UPDATE', 'DELETE']);
    for (const entry of entries) {
      expect(entry).toMatchObject({ resource_type: 'api_key', client_id: 'shop', key_id: adminId });
    }
    expect(entries[1]!.changes).toEqual([{ path: '/is_active', before: true, after: false }]);
    const all = JSON.stringify(await database.query('select * from audit_entries'));
    expect(all).not.toMatch(/tmk_|\$2b\$/);
    // tmk_, 16 characters that name the key, _, the secret: any of them may be an underscore.
    for (const { key } of [created, rotated]) expect(all).not.toContain(key.slice('tmk_'.length + 16 + 1));
  });

  it('is in the trail of whoever did it: tenants created and changed', async () => {
    const id = await api.createTenant('Globex');
    await api.call('PATCH', `/tenants/${id}`, { body: { status: 'suspended' } });
    const entries = await entriesOf(id);
    expect(entries.map((entry) => entry.action_type)).toEqual(['CREATE', 'UPDATE']);
    expect(entries[1]).toMatchObject({
      client_id: 'platform',
      key_id: null,
      changes: [{ path: '/status', before: 'active', after: 'suspended' }],
    });
    expect((await api.post('/tenants', { name: 'globex' })).status).toBe(409);
    expect((await api.call('PATCH', `/tenants/${id}`, { body: {} })).status).toBe(200);
    expect(await entriesOf(id)).toHaveLength(2);
  });

  it('is in the trail: schemas of event types set, changed, deleted', async () => {
    const path = '/event-types/recorded/schema';
    for (const schema of [{ type: 'object' }, { minProperties: 1 }]) {
      expect((await api.call('PUT', path, { key: admin, body: { schema } })).status).toBe(200);
    }
    await api.call('DELETE', path, { key: admin });
    expect((await api.call('DELETE', path, { key: admin })).status).toBe(404);
    const entries = await entriesOf('recorded', admin);
    expect(entries.map((entry) => entry.action_type)).toEqual(['CREATE', 'UPDATE', 'DELETE']);
    expect(entries[1]).toMatchObject({ resource_type: 'event_type_schema', key_id: adminId });
    expect(entries[1]!.changes.map(({ path }) => path).sort()).toEqual([
      '/schema/minProperties',
      '/schema/type',
      '/version',
    ]);
  });

  it('is in the trail: funnels saved and deleted', async () => {
    const funnel = { name: 'Recorded', steps: [{ event_type: 'a' }, { event_type: 'b' }], window_s: 60 };
    const { body } = await api.post<{ id: string }>('/analytics/funnels', funnel, admin);
    await api.call('DELETE', `/analytics/funnels/${body.id}`, { key: admin });
    expect((await api.call('DELETE', `/analytics/funnels/${body.id}`, { key: admin })).status).toBe(404);
    expect(await entriesOf(body.id, admin)).toMatchObject([
      {
        action_type: 'CREATE',
        resource_type: 'saved_funnel',
        key_id: adminId,
        after_state: funnel,
        before_state: null,
      },
      {
        action_type: 'DELETE',
        resource_type: 'saved_funnel',
        key_id: adminId,
        before_state: funnel,
        after_state: null,
      },
    ]);
  });

  it('is in the trail: segments saved, changed and deleted', async () => {
    const filters = { property: 'plan', op: 'in', value: ['pro', 'team'] };
    const { body } = await api.post<{ id: string }>('/segments', { name: 'Recorded', filters }, admin);
    const key = admin;
    await api.call('PATCH', `/segments/${body.id}`, { key, body: { name: 'Renamed' } });
    await api.call('DELETE', `/segments/${body.id}`, { key });
    expect((await api.call('DELETE', `/segments/${body.id}`, { key })).status).toBe(404);
    const [before, after] = [
      { name: 'Recorded', filters },
      { name: 'Renamed', filters },
    ];
    const own = { resource_type: 'saved_segment', key_id: adminId };
    expect(await entriesOf(body.id, admin)).toMatchObject([
      { ...own, action_type: 'CREATE', before_state: null, after_state: before },
      { ...own, action_type: 'UPDATE', before_state: before, after_state: after },
      { ...own, action_type: 'DELETE', before_state: after, after_state: null },
    ]);
  });

  it('is in the trail: failed events given another payload and discarded, without the payloads', async () => {
    const ids: string[] = [];
    for (const n of [1, 2]) {
      const event = { event_type: 'broken', payload: { n } };
      const { body } = await api.post<{ id: string }>('/events', event, admin);
      await database.query(
        `insert into failed_events (tenant_id, event_id, reason, counted) values ($1, $2, 'x', false)`,
        [tenantId, body.id],
      );
      ids.push(body.id);
    }
    const [patched, discarded] = ids as [string, string];
    await api.post(`/events/failed/${patched}/retry`, { payload: { secret: 'of-the-user' } }, admin);
    await api.call('DELETE', `/events/failed/${discarded}`, { key: admin });
    expect(await entriesOf(patched, admin)).toMatchObject([{ action_type: 'UPDATE', resource_type: 'failed_event' }]);
    expect(await entriesOf(discarded, admin)).toMatchObject([{ action_type: 'DELETE', resource_type: 'failed_event' }]);
    expect(JSON.stringify(await database.query('select * from audit_entries'))).not.toContain('of-the-user');
  });

  it('is in the trail: that somebody asked to forget a person, and not which', async () => {
    const { body } = await api.post<{ id: string }>(
      '/privacy/erasures',
      { user_id: 'person-x9', confirm: true },
      admin,
    );
    expect(await entriesOf(body.id, admin)).toMatchObject([{ action_type: 'CREATE', resource_type: 'erasure' }]);
    expect(JSON.stringify(await database.query('select * from audit_entries'))).not.toContain('person-x9');
  });

  it('is in the trail when done on the command line', async () => {
    const env = { PATH: process.env['PATH'], DATABASE_URL: database.url };
    const words = ['dist/cli.js', 'create-key', '--client-id=from-cli', `--tenant=${tenantId}`, '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, words, { env });
    const { id } = JSON.parse(stdout) as { id: string };
    expect(await entriesOf(id, admin)).toMatchObject([{ action_type: 'CREATE', client_id: 'cli', key_id: null }]);
  });

  it('does not happen without its entry', async () => {
    await database.query('alter table audit_entries add constraint refuse_all check (false) not valid');
    try {
      expect((await api.post('/keys', { client_id: 'unrecorded', name: 'n' }, admin)).status).toBe(500);
      expect((await api.post('/tenants', { name: 'Unrecorded' })).status).toBe(500);
      expect((await api.post('/privacy/erasures', { user_id: 'unrecorded', confirm: true }, admin)).status).toBe(500);
      const body = { schema: { type: 'object' } };
      const put = await api.call('PUT', '/event-types/unrecorded/schema', { key: admin, body });
      expect(put.status).toBe(500);
      const funnel = { name: 'Unrecorded', steps: [{ event_type: 'a' }, { event_type: 'b' }], window_s: 60 };
      expect((await api.post('/analytics/funnels', funnel, admin)).status).toBe(500);
      const segment = { name: 'Unrecorded', filters: { property: 'a', op: 'is_set' } };
      expect((await api.post('/segments', segment, admin)).status).toBe(500);
    } finally {
      await database.query('alter table audit_entries drop constraint refuse_all');
    }
    expect(await database.query(`select id from api_keys where client_id = 'unrecorded'`)).toEqual([]);
    expect(await database.query(`select id from tenants where name = 'Unrecorded'`)).toEqual([]);
    expect(await database.query(`select id from privacy_erasures where subject = 'unrecorded'`)).toEqual([]);
    expect(await database.query(`select from event_type_schemas where event_type = 'unrecorded'`)).toEqual([]);
    expect(await database.query(`select from saved_funnels where name = 'Unrecorded'`)).toEqual([]);
    expect(await database.query(`select from saved_segments where name = 'Unrecorded'`)).toEqual([]);
  });
});
