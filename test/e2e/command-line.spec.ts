import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { rollupDifference } from '../support/recount.js';
import { TestWorker } from '../support/worker.js';
import { DEFAULT_TENANT_ID } from '../../src/platform/http/principal.js';

interface Outcome {
  code: number;
  out: string;
  err: string;
}

const COMMANDS = [
  'migrate',
  'doctor',
  'recount',
  'run-retention',
  'create-key',
  'list-keys',
  'toggle-key',
  'delete-key',
  'create-tenant',
  'list-tenants',
  'generate-sample-data',
  'retry-failed',
  'verify-audit',
];

/** The built command line, as an operator calls it. */
describeApi('the command line', {}, (api, { database }) => {
  const cli = (...words: string[]) => cliWith({}, ...words);
  const cliWith = (env: Record<string, string>, ...words: string[]) =>
    new Promise<Outcome>((resolve) => {
      const settings = { PATH: process.env['PATH'], NODE_ENV: 'test', DATABASE_URL: database.url, ...env };
      execFile(process.execPath, [join('dist', 'cli.js'), ...words], { env: settings }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
    });
  const json = async <T>(...words: string[]): Promise<T> => {
    const { code, out, err } = await cli(...words, '--json');
    expect([code, err]).toEqual([0, '']);
    return JSON.parse(out) as T;
  };
  const keyStatus = async (key: string) => (await api.get('/auth/info', key)).status;

  it('takes a tenant and its key from creation to deletion', async () => {
    const tenant = await json<{ id: string; name: string }>('create-tenant', '--name=Acme');
    expect(tenant).toMatchObject({ name: 'Acme', status: 'active' });

    const words = ['create-key', '--client-id=web', '--name=Web', `--tenant=${tenant.id}`, '--scopes=read'];
    const limits = ['--rate-limit=7', '--rate-window-s=9', '--event-limit=11', '--expires-at=2999-01-01T00:00:00Z'];
    const created = await json<{ id: string; key: string }>(...words, ...limits);
    expect(created).toMatchObject({
      client_id: 'web',
      name: 'Web',
      scopes: ['read'],
      rate_limit: 7,
      rate_window_s: 9,
      event_limit: 11,
      expires_at: '2999-01-01T00:00:00.000Z',
    });
    expect(await keyStatus(created.key)).toBe(200);

    const selection = ['--client-id=web', `--tenant=${tenant.id}`];
    await json('toggle-key', ...selection);
    await eventually(async () => expect(await keyStatus(created.key)).toBe(403), 2_000);
    await json('toggle-key', `--id=${created.id}`, `--tenant=${tenant.id}`);
    await eventually(async () => expect(await keyStatus(created.key)).toBe(200), 2_000);
    const listed = await json<{ data: object[] }>('list-keys', `--tenant=${tenant.id}`);
    expect(listed.data).toEqual([expect.objectContaining({ id: created.id, is_active: true })]);
    expect(JSON.stringify(listed)).not.toContain(created.key);

    await json('delete-key', ...selection);
    await eventually(async () => expect(await keyStatus(created.key)).toBe(401), 2_000);
    expect((await json<{ data: object[] }>('list-keys', `--tenant=${tenant.id}`)).data).toEqual([]);
  }, 120_000); // starts a process for each command

  it('prints tables for people, and a key only when it is made', async () => {
    const made = await cli('create-key', '--client-id=shop', '--name=Shop \u001b[31m');
    expect(made.out).toMatch(
      /^tmk_[\w-]{16}_[\w-]{43}\n\nKey of shop with the scopes read, write\. It is shown this once\.\n$/,
    );
    const [keys, tenants] = await Promise.all([cli('list-keys'), cli('list-tenants')]);
    expect(keys.out.split('\n')[0]).toMatch(/^id +client +name +scopes +limit +active +last used$/);
    expect(keys.out).toMatch(/ shop +Shop {2}\[31m +read,write +600\/60s +yes +never\n/);
    expect(tenants.out).toMatch(/00000000-0000-7000-8000-000000000000 +default +active/);
  });

  it('doctor finds nothing wrong here, and says what is wrong elsewhere', async () => {
    const { ok, findings } = await json<{ ok: boolean; findings: { check: string; ok: boolean }[] }>('doctor');
    expect(ok).toBe(true);
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['database', 'clock', 'migrations', 'partitions', 'backlog', 'queue']),
    );
    const away = await cliWith({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }, 'doctor');
    expect([away.code, away.out]).toEqual([1, expect.stringMatching(/WRONG +database .*check DATABASE_URL/)]);
    const noRedis = await cliWith({ REDIS_URL: 'redis://127.0.0.1:1' }, 'doctor');
    expect([noRedis.code, noRedis.out]).toEqual([1, expect.stringMatching(/WRONG +queue /)]);
  });

  it('recount says what is wrong with exit code 1, repairs it, and then finds nothing', async () => {
    const key = await api.createKey(DEFAULT_TENANT_ID, ['write']);
    await api.post(
      '/events/batch',
      { events: Array.from({ length: 20 }, () => ({ event_type: 'login', user_id: 'u' })) },
      key,
    );
    const worker = await TestWorker.start(database.url);
    await eventually(async () => {
      const [waiting] = await database.query<{ n: number }>(
        `select count(*)::int as n from ingest_batches where status = 'queued'`,
      );
      expect(waiting?.n).toBe(0);
    });
    try {
      expect((await cli('recount')).out).toBe('The counts equal the events.\n');
      expect((await cli('recount', '--from=0000-01-01')).err).toContain('--from must lie in the years 1900 to 2999.');
      await database.query(`update event_rollups_day set count = count + 1`);
      await database.query(`delete from event_totals_minute`);
      await database.query(`delete from processing_totals_hour`);
      await database.query(`update user_days set first_time = first_time - interval '1 second'`);
      const wrong = await cli('recount');
      expect(wrong.code).toBe(1);
      expect(
        wrong.out.match(/event_rollups_day|event_totals_minute|processing_totals_hour|user_days/g)?.sort(),
      ).toEqual(['event_rollups_day', 'event_totals_minute', 'processing_totals_hour', 'user_days']);
      expect(wrong.err).toContain('4 counted days differ from the events. Run it with --repair.');
      // While it is repaired, more come in and are counted.
      const [repaired] = await Promise.all([
        cli('recount', '--repair'),
        ...Array.from({ length: 10 }, () => api.post('/events/ingest', { event_type: 'login', user_id: 'u' }, key)),
      ]);
      expect([repaired.code, repaired.out.match(/repaired/g)?.length]).toEqual([0, 4]);
      await eventually(async () => expect(await rollupDifference(database)).toBe(0));
      expect(await json('recount')).toMatchObject({ differences: [] });
    } finally {
      await worker.stop();
    }
  }, 120_000); // starts a process for each command

  it.each([
    [2, ['no-such-command'], 'Usage:'],
    [2, [], 'Usage:'],
    [2, ['create-key', '--client-id=x', '--colour=red'], "unknown option '--colour=red'"],
    [2, ['generate-sample-data'], "missing required argument 'n'"],
    [2, ['generate-sample-data', '1', '2'], 'too many arguments'],
    [2, ['recount', '--tenant'], 'argument missing'],
    [2, ['create-key', '--name=x'], 'client_id'],
    [2, ['create-key', '--client-id=x', '--scopes=root'], 'scopes'],
    [2, ['create-key', '--client-id=x', '--rate-limit=many'], 'rate_limit'],
    [2, ['create-tenant'], '--name='],
    [2, ['delete-key'], '--id=ID or --client-id=NAME'],
    [1, ['delete-key', '--client-id=nobody'], 'There is no such key'],
    [1, ['list-keys', '--tenant=01a1fb00-0000-7000-8000-000000000000'], 'tenant'],
  ])('exits with %i after %j and says why', async (code, words, text) => {
    const outcome = await cli(...words);
    expect([outcome.code, outcome.err]).toEqual([code, expect.stringContaining(text)]);
    expect(outcome.err).not.toMatch(/ at .*\.js:\d+/);
    expect(outcome.out).toBe('');
  });

  it('explains itself when asked', async () => {
    for (const words of [['help'], ['--help']]) {
      const { code, out, err } = await cli(...words);
      expect([code, err, COMMANDS.filter((name) => !out.includes(`  ${name} `))]).toEqual([0, '', []]);
    }
    expect((await cli('help', 'create-key')).out).toContain('--client-id <name>');
  });

  it.each(COMMANDS)('explains %s when asked, and refuses options it does not have', async (name) => {
    const [help, wrong] = await Promise.all([cli(name, '--help'), cli(name, 'word', '--colour=red')]);
    expect(help).toEqual({ code: 0, out: expect.stringContaining(`Usage: npm run cli -- ${name} [options]`), err: '' });
    expect(help.out).toContain('--json');
    expect(wrong).toEqual({ code: 2, out: '', err: expect.stringContaining("unknown option '--colour=red'") });
  });

  it('refuses a wrong setting by its name', async () => {
    const { code, err } = await cliWith({ DB_POOL_SIZE: 'lots' }, 'list-tenants');
    expect([code, err]).toEqual([1, expect.stringContaining('DB_POOL_SIZE')]);
  });
});
