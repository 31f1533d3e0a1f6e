import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noteRunning } from '../../src/local-postgres/running-instance.js';
import { version } from '../../src/platform/config/version.js';
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
  'backfill-clickhouse',
  'run-retention',
  'create-key',
  'list-keys',
  'toggle-key',
  'delete-key',
  'create-tenant',
  'list-tenants',
  'export-tenant',
  'import-tenant',
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
      expect.arrayContaining(['database', 'clock', 'migrations', 'partitions', 'backlog', 'sealing', 'queue']),
    );
    const away = await cliWith({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' }, 'doctor');
    expect([away.code, away.out]).toEqual([1, expect.stringMatching(/WRONG +database .*check DATABASE_URL/)]);
    const noRedis = await cliWith({ REDIS_URL: 'redis://127.0.0.1:1' }, 'doctor');
    expect([noRedis.code, noRedis.out]).toEqual([1, expect.stringMatching(/WRONG +queue /)]);
  });

  it('doctor names every partitioned table, until when there is room, and how long audit entries wait', async () => {
    const month = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 7);
    const before = await cli('doctor');
    const end = /\n *ok +partitions +(\d+) tables have room until the end of (\d{4}-\d\d) /.exec(before.out)!;
    const [{ tables, newest } = { tables: 0, newest: '' }] = await database.query<{ tables: number; newest: string }>(
      `select count(distinct inhparent)::int as tables, max(right(inhrelid::regclass::text, 7)) as newest
       from pg_inherits join pg_partitioned_table on partrelid = inhparent and partstrat = 'r'`,
    );
    expect([Number(end[1]), end[2]]).toEqual([tables, newest.replace('_', '-')]);
    const partition = `audit_entries_${month(3).replace('-', '_')}`;
    await database.query(`alter table ${partition} rename to audit_entries_away`);
    await database.query(
      `insert into audit_unsealed values ('${DEFAULT_TENANT_ID}', uuid7_lower_bound(now() - interval '1 hour'), '\\x00')`,
    );
    try {
      const { code, out } = await cli('doctor');
      expect([code, out]).toEqual([1, expect.stringMatching(/WRONG +partitions +audit_entries lack room for \d{4}-/)]);
      expect(out).toMatch(/WRONG +sealing +the oldest .* waits 36\d\d s/);
    } finally {
      await database.query(`alter table audit_entries_away rename to ${partition}`);
      await database.query(`delete from audit_unsealed where leaf_hash = '\\x00'`);
    }
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
      expect((await cli('recount', '--from=0000-01-01')).err).toContain('--from must be in the years 1900 to 2999.');
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
    [2, ['no-such-command'], "unknown command 'no-such-command'"],
    [2, ['creat-key'], 'Did you mean create-key?'],
    [2, ['create-key', '--clientid=x'], 'Did you mean --client-id?'],
    [2, [], 'Usage:'],
    [2, ['create-key', '--client-id=x', '--colour=red'], "unknown option '--colour=red'"],
    [2, ['generate-sample-data'], "missing required argument 'n'"],
    [2, ['generate-sample-data', '1', '2'], 'too many arguments'],
    [2, ['recount', '--tenant'], 'argument missing'],
    [2, ['create-key', '--name=x'], '--client-id '],
    [2, ['create-key', '--client-id=x', '--scopes=root'], '--scopes'],
    [2, ['create-key', '--client-id=x', '--rate-limit=many'], '--rate-limit '],
    [2, ['create-tenant'], '--name='],
    [2, ['delete-key'], '--id=ID or --client-id=NAME'],
    [1, ['delete-key', '--client-id=nobody'], 'There is no such key'],
    [1, ['list-keys', '--tenant=01a1fb00-0000-7000-8000-000000000000'], 'no tenant with the id or the name "01a1fb00-'],
    [1, ['list-keys', '--tenant=Nobody'], 'no tenant with the id or the name "Nobody"'],
  ])('exits with %i after %j and says why', async (code, words, text) => {
    const outcome = await cli(...words);
    expect([outcome.code, outcome.err]).toEqual([code, expect.stringContaining(text)]);
    expect(outcome.err).not.toMatch(/ at .*\.js:\d+|\b[a-z]+_[a-z_]+ must/);
    expect(outcome.out).toBe('');
  });

  it.each([
    [2, 'creat-key', [], "unknown command 'creat-key' (Did you mean create-key?)", undefined],
    [2, 'create-key', ['--name=x'], '--client-id ', [{ path: '--client-id', message: expect.any(String) as string }]],
    [1, 'list-keys', ['--tenant=Nobody'], 'no tenant with the id or the name "Nobody"', undefined],
  ])('exits with %i after %s %j --json and says why in one line of JSON', async (code, name, words, text, errors) => {
    const outcome = await cli(name, ...words, '--json');
    expect([outcome.code, outcome.out, outcome.err.split('\n').length]).toEqual([code, '', 2]);
    const failure = JSON.parse(outcome.err) as { error: string };
    expect(failure).toEqual({ error: expect.stringContaining(text), exit_code: code, ...(errors ? { errors } : {}) });
  });

  it('takes tenants by name, in whatever case, everywhere', async () => {
    const { id } = await json<{ id: string }>('create-tenant', '--name=Größe & Söhne');
    const tenant = '--tenant=größe & söhne';
    const { id: key } = await json<{ id: string }>('create-key', '--client-id=by-name', tenant);
    const listed = await json<{ data: { id: string }[] }>('list-keys', `--tenant=${id}`);
    expect(listed.data.map((one) => one.id)).toEqual([key]);
    expect((await json<{ data: object[] }>('toggle-key', '--client-id=by-name', tenant)).data).toHaveLength(1);
    expect(await json('retry-failed', tenant)).toMatchObject({ retried: 0 });
    expect(await json('recount', tenant)).toMatchObject({ differences: [] });
    expect((await json<{ data: object[] }>('delete-key', `--id=${key}`, tenant)).data).toHaveLength(1);
  }, 60_000); // starts a process for each command

  it('prints nothing wider than 100 columns, and all of it', async () => {
    const name = `${'a very long name '.repeat(9)}${'x'.repeat(90)}`;
    await json(
      'create-key',
      '--client-id',
      'c'.repeat(200),
      '--name',
      name,
      '--scopes=track,read,write,admin,platform',
    );
    const away = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', REDIS_URL: 'redis://127.0.0.1:1' };
    const printed = [
      ...[await cli('list-keys'), await cli('list-tenants'), await cli('doctor'), await cliWith(away, 'doctor')],
      ...[await cli('help'), await cli('create-key', '--help'), await cli('generate-sample-data', '--help')],
    ].map(({ out }) => out);
    expect(
      printed
        .join('')
        .split('\n')
        .filter((line) => line.length > 100),
    ).toEqual([]);
    const cells = printed[0]!.replace(/[^cx]/g, '');
    expect([cells.match(/c/g)!.length, cells.match(/x/g)!.length].every((count, n) => count >= [200, 90][n]!)).toBe(
      true,
    );
  }, 60_000); // starts a process for each command

  it('finds the quickstart that runs in DATA_DIR, and says which database it takes when there are two', async () => {
    const data = mkdtempSync(join(tmpdir(), 'tidemark-cli-'));
    const none = await cliWith({ DATABASE_URL: '', DATA_DIR: data }, 'list-tenants');
    expect([none.code, none.err]).toEqual([1, expect.stringContaining(`no quickstart runs in ${data}`)]);
    const running = { pid: process.pid, url: 'http://localhost:3000', settings: { DATABASE_URL: database.url } };
    noteRunning(data, running);
    const found = await cliWith({ DATABASE_URL: '', DATA_DIR: data }, 'list-tenants');
    expect(found).toEqual({ code: 0, out: expect.stringContaining('default'), err: '' });
    const both = await cliWith({ DATA_DIR: data }, 'list-tenants');
    expect([both.code, both.err]).toEqual([
      0,
      expect.stringMatching(/database of DATABASE_URL, not .* http:\/\/localhost:3000 /),
    ]);
    noteRunning(data, { ...running, pid: 2 ** 22 + 1 }); // above every pid
    expect((await cliWith({ DATABASE_URL: '', DATA_DIR: data }, 'list-tenants')).code).toBe(1);
  });

  it('says its version', async () => {
    expect(await cli('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it('explains itself when asked', async () => {
    for (const words of [['help'], ['--help']]) {
      const { code, out, err } = await cli(...words);
      expect([code, err, COMMANDS.filter((name) => !out.includes(`  ${name} `))]).toEqual([0, '', []]);
    }
    expect((await cli('help', 'create-key')).out).toContain('--client-id <name>');
  });

  /** The addresses of all modules that a command loads. */
  async function modulesOf(...words: string[]): Promise<string> {
    const loaded = mkdtempSync(join(tmpdir(), 'tidemark-loaded-'));
    await cliWith({ NODE_V8_COVERAGE: loaded }, ...words);
    return readdirSync(loaded)
      .map((name) => readFileSync(join(loaded, name), 'utf8'))
      .join('');
  }

  it('loads what it prints, not the application, when it explains itself or a wrong word', async () => {
    for (const words of [['--help'], ['creat-key']]) {
      const modules = await modulesOf(...words);
      expect(modules).toContain('/node_modules/commander/');
      expect(modules).not.toMatch(/\/node_modules\/(@nestjs|typeorm|rxjs)\//);
    }
  });

  it('loads what one command needs, not what the others need', async () => {
    const modules = await modulesOf('list-tenants');
    expect(modules).toContain('/node_modules/typeorm/');
    expect(modules).not.toMatch(/\/node_modules\/(bullmq|ioredis|hucre|@opentelemetry|prom-client)\//);
  });

  it.each(COMMANDS)('explains %s when asked, and refuses options it does not have', async (name) => {
    const [help, wrong] = await Promise.all([cli(name, '--help'), cli(name, 'word', '--colour=red')]);
    expect(help).toEqual({ code: 0, out: expect.stringContaining(`Usage: tidemark ${name} [options]`), err: '' });
    expect(help.out).toContain('--json');
    expect(wrong).toEqual({ code: 2, out: '', err: expect.stringContaining("unknown option '--colour=red'") });
  });

  it('refuses a wrong setting by its name', async () => {
    const { code, err } = await cliWith({ DB_POOL_SIZE: 'lots' }, 'list-tenants');
    expect([code, err]).toEqual([1, expect.stringContaining('DB_POOL_SIZE')]);
  });
});
