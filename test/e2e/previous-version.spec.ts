import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PLATFORM_KEY } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { runBuilt } from '../support/logins.js';
import { BuiltVersion, findPreviousVersion } from '../support/previous-version.js';
import { rollupDifference } from '../support/recount.js';
import { TestWorker } from '../support/worker.js';

const BUILDS_MS = 240_000;
const migrationsIn = (folder: string) => readdirSync(folder).filter((file) => /^\d+-.+\.ts$/.test(file));

describeDatabase('an API and a worker of the version before the newest migration', { needs: 'history' }, (database) => {
  const version = new BuiltVersion(findPreviousVersion());
  const [oldWorker, newWorker] = [new TestWorker(), new TestWorker()];
  let [oldApi, newApi]: TestApiProcess[] = [];
  let added: number;
  let sent = 0;

  beforeAll(async () => {
    await version.build();
    added = migrationsIn('migrations').length - migrationsIn(join(version.folder, 'migrations')).length;
    for (let n = 0; n < added; n++) await migrate('--revert');
    oldApi = await TestApiProcess.start(database.url, {}, undefined, version.folder);
    await oldWorker.launch(database.url, {}, version.folder);
  }, BUILDS_MS);

  afterAll(async () => {
    await Promise.all([oldWorker.stop(), oldApi?.stop(), newApi?.stop()]);
    version.remove();
  }, BUILDS_MS);

  const migrate = async (...words: string[]) => {
    const env = { DATABASE_URL: database.url, DATABASE_MIGRATION_URL: database.ownerUrl };
    expect(await runBuilt(env, 'cli', 'migrate', ...words)).toMatchObject({ code: 0 });
  };

  const ask = async (api: TestApiProcess, method: string, path: string, body?: object) => {
    const headers = { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json' };
    const answer = await fetch(api.url(path), { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  /** What uses most tables: events, a dead letter with its patch, the audit trail, a key; and counts that are right. */
  const work = async (api: TestApiProcess, name: string) => {
    const events = Array.from({ length: 20 }, (_, n) => ({
      ...{ event_id: `${name} ${n}`, event_type: 'order', client_id: 'shop', user_id: `u${n}` },
      payload: { n },
    }));
    expect(await ask(api, 'POST', '/events/ingest/batch', { events })).toMatchObject({ status: 202 });
    sent += events.length;
    expect(await ask(api, 'POST', '/keys', { client_id: name, name })).toMatchObject({ status: 201 });
    const entry = { action_type: 'UPDATE', resource_type: 'order', resource_id: '1', message: name };
    expect(await ask(api, 'POST', '/logs', entry)).toMatchObject({ status: 201 });
    const found = await database.query<{ id: string }>('select id from events where event_id = $1', [`${name} 0`]);
    expect(await ask(api, 'PATCH', `/events/${found[0]!.id}/enrichment`, { seen_by: name })).toMatchObject({
      status: 200,
    });
    await eventually(async () => {
      expect((await ask(api, 'GET', '/analytics/events-by-type')).body).toMatchObject({ total: sent });
    }, 20_000);
    await eventually(async () => {
      const [open] = await database.query<{ n: number }>('select count(*)::int as n from audit_unsealed');
      expect(open!.n).toBe(0);
    }, 20_000);
    expect(await rollupDifference(database)).toBe(0);
  };

  it(
    'work before it, through it, beside those of this version, and when it is taken back',
    async () => {
      await work(oldApi!, 'before');
      await migrate();
      await work(oldApi!, 'migrated');
      newApi = await TestApiProcess.start(database.url);
      await newWorker.launch(database.url);
      await work(newApi, 'beside, the new one');
      await work(oldApi!, 'beside, the old one');
      await newApi.stop();
      await newWorker.stop();
      for (let n = 0; n < added; n++) await migrate('--revert');
      await work(oldApi!, 'taken back');
      await migrate();
      await work(oldApi!, 'again');
    },
    BUILDS_MS,
  );
});
