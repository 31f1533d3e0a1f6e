import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLATFORM_KEY } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';

interface Line {
  msg: string;
  request_id?: string;
  tenant_id?: string;
}

describeDatabase('a log line', {}, (database) => {
  let api: TestApiProcess;
  let logs: string;
  const tenants: string[] = [];

  beforeAll(async () => {
    logs = mkdtempSync(join(tmpdir(), 'tidemark-lines-'));
    api = await TestApiProcess.start(database.url, { LOG_DIR: logs, LOG_LEVEL: 'info' });
    for (const name of ['one', 'other']) {
      const { id } = (await (await send('POST', '/tenants', {}, { name })).json()) as { id: string };
      tenants.push(id);
    }
    // What reads or writes one of these fails with an error that is logged.
    await database.query('alter table ingest_batches rename to away_batches');
    await database.query('alter table saved_funnels rename to away_funnels');
  });

  afterAll(async () => {
    await api.stop();
    rmSync(logs, { recursive: true });
  });

  function send(method: string, path: string, headers: Record<string, string>, body?: unknown): Promise<Response> {
    return fetch(api.url(path), {
      method,
      headers: { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  const lines = () =>
    readdirSync(logs)
      .filter((name) => !name.includes('errors'))
      .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);

  it.each([
    ['the fast path', 'fast', 'POST', '/events/ingest', { event_type: 'x' }],
    ['Express', 'nest', 'GET', '/analytics/funnels', undefined],
  ])('of %s tells its own request and tenant, also of many at once', async (_name, prefix, method, path, body) => {
    const ids = Array.from({ length: 20 }, (_, n) => `${prefix}-${n}`);
    const tenantOf = (id: string) => tenants[ids.indexOf(id) % 2]!;
    const statuses = await Promise.all(
      ids.map(async (id) => {
        const headers = { 'X-Request-Id': id, 'X-Tenant-Id': tenantOf(id) };
        return (await send(method, path, headers, body)).status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([500]));
    const own = await eventually(() => {
      const found = lines().filter(({ msg }) => msg.startsWith(`request ${prefix}-`));
      expect(found).toHaveLength(ids.length);
      return found;
    });
    for (const { msg, request_id, tenant_id } of own) {
      const id = /^request ([\w-]+)/.exec(msg)![1]!;
      expect([request_id, tenant_id]).toEqual([id, tenantOf(id)]);
    }
  });

  it('of none tells none', async () => {
    const started = lines().filter(({ msg }) => msg.startsWith('listening on'));
    expect(started).toEqual([expect.not.objectContaining({ request_id: expect.anything() })]);
  });
});
