import pg from 'pg';
import { loadConfig } from '../../src/platform/config/config.js';
import { Database } from '../../src/platform/database/database.js';
import { connectionString } from '../../src/platform/database/session.js';
import { ServerChecks } from '../../src/platform/database/server-checks.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { PLATFORM_KEY } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { createTestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { runBuilt, withLogin } from '../support/logins.js';
import { TestWorker } from '../support/worker.js';

interface Migrated {
  login: { name: string; state: string } | null;
}

const STARTS_PROCESSES_MS = 120_000;
const PASSWORD = 'p@ss/word:%1';
const newName = (kind: string) => `${kind}_${uuid7().replaceAll('-', '')}`;

/** Logins belong to the server, so each test makes its own and the end drops them. */
describeDatabase('the login of the service', {}, (database) => {
  const logins: string[] = [];

  afterAll(async () => {
    for (const name of logins) await database.query(`drop owned by ${name}`);
    for (const name of logins) await database.query(`drop role ${name}`);
  });

  /** @returns its URL */
  async function createLogin(attributes: string, ...statements: string[]): Promise<string> {
    const name = newName('login');
    await database.query(`create role ${name} login password '${PASSWORD}' ${attributes}`);
    logins.push(name);
    for (const statement of statements) await database.query(statement.replaceAll('$login', name));
    return withLogin(database.url, name, PASSWORD);
  }

  /** Of a login that does not exist yet. */
  function newLogin(): { name: string; url: string } {
    const name = newName('runtime');
    return { name, url: withLogin(database.url, name, PASSWORD) };
  }

  const migrate = (url: string, owner: string, ...words: string[]) =>
    runBuilt({ DATABASE_URL: url, DATABASE_MIGRATION_URL: owner }, 'cli', 'migrate', ...words);

  async function migrated(url: string, owner = database.ownerUrl): Promise<Migrated> {
    const { code, out, err } = await migrate(url, owner, '--json');
    expect([code, err]).toEqual([0, '']);
    return JSON.parse(out) as Migrated;
  }

  it(
    'is created by the migrations with both roles and nothing else',
    async () => {
      const { name, url } = newLogin();
      expect((await migrated(url)).login).toEqual({ name, state: 'created' });
      logins.push(name);
      expect((await migrated(url)).login).toEqual({ name, state: 'unchanged' });
      const [attributes] = await database.query(
        `select rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls
       from pg_roles where rolname = $1`,
        [name],
      );
      expect(attributes).toEqual({
        ...{ rolsuper: false, rolinherit: false, rolcreaterole: false, rolcreatedb: false },
        ...{ rolcanlogin: true, rolreplication: false, rolbypassrls: false },
      });
      const memberships = await database.query(
        `select roleid::regrole::text as role, inherit_option, set_option, admin_option from pg_auth_members
       where member = $1::regrole order by 1`,
        [name],
      );
      const options = { inherit_option: false, set_option: true, admin_option: false };
      expect(memberships).toEqual(['tidemark_app', 'tidemark_system'].map((role) => ({ role, ...options })));
    },
    STARTS_PROCESSES_MS,
  );

  it('can do nothing once it has left its role', async () => {
    const client = new pg.Client({ connectionString: connectionString(database.url, 'tidemark_app') });
    await client.connect();
    await client.query('set role none');
    for (const sql of [
      'select * from tenants',
      'select * from installation_secrets',
      'update events set payload = null',
      'select * from bullmq.job',
      'drop table events',
      'create table public.mine (a int)',
      'create schema mine',
      'create role mine',
      'alter role tidemark_system superuser',
      'set role tidemark',
    ]) {
      await expect(client.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
    await client.end();
  });

  it(
    'takes, processes and queues events, and nothing comes to be owned by it or its roles',
    async () => {
      const [api, worker] = await Promise.all([TestApiProcess.start(database.url), TestWorker.start(database.url)]);
      try {
        const headers = { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json' };
        const sent = await fetch(api.url('/events/ingest'), {
          method: 'POST',
          headers,
          body: '{"event_type":"login"}',
        });
        expect(sent.status).toBe(202);
        await eventually(async () => {
          const jobs = await database.query(`select from bullmq.job where queue = 'events'`);
          const waiting = await database.query(`select from ingest_batches where status = 'queued'`);
          expect([jobs.length > 0, waiting.length]).toEqual([true, 0]);
        });
      } finally {
        await Promise.all([api.stop(), worker.stop()]);
      }
      const login = new URL(database.url).username;
      const owned = await database.query(
        `select pg_describe_object(classid, objid, 0) as what from pg_shdepend
       where refclassid = 'pg_authid'::regclass and deptype = 'o'
         and refobjid in ($1::regrole, 'tidemark_app'::regrole, 'tidemark_system'::regrole)
         and dbid = (select oid from pg_database where datname = current_database())`,
        [login],
      );
      expect(owned).toEqual([]);
    },
    STARTS_PROCESSES_MS,
  );

  it(
    'is repaired: a role it lacks, and the password of the URL',
    async () => {
      const { name, url } = newLogin();
      logins.push(name);
      await database.query(`create role ${name} login noinherit password 'another'`);
      await database.query(`grant tidemark_app to ${name}`);
      expect((await migrated(url)).login).toEqual({ name, state: 'repaired' });
      const client = new pg.Client({ connectionString: connectionString(url, 'tidemark_system') });
      await client.connect();
      await client.end();
    },
    STARTS_PROCESSES_MS,
  );

  it(
    'is created once when several databases of the server are migrated at the same moment',
    async () => {
      const others = await Promise.all([1, 2, 3].map(() => createTestDatabase()));
      const { name } = newLogin();
      const results = await Promise.all(
        others.map((other) => migrated(withLogin(other.url, name, PASSWORD), other.ownerUrl)),
      );
      logins.push(name);
      expect(new Set(results.map(({ login }) => login?.name))).toEqual(new Set([name]));
      await Promise.all(others.map((other) => other.drop()));
    },
    STARTS_PROCESSES_MS,
  );

  it(
    'is explained in SQL, without its password, when the owner may not create it',
    async () => {
      const owner = await createLogin('inherit', 'grant tidemark_app, tidemark_system to $login');
      const ownerName = new URL(owner).username;
      const own = newName('database');
      await database.query(`create database ${own} owner ${ownerName}`);
      const ownerUrl = Object.assign(new URL(owner), { pathname: `/${own}` }).toString();
      const { name } = newLogin();
      const url = withLogin(ownerUrl, name, PASSWORD);
      const { code, err } = await migrate(url, ownerUrl);
      expect(code).toBe(1);
      expect(err).not.toContain(PASSWORD);
      const statements = err.split('\n').filter((line) => line.startsWith('  '));
      expect(statements).toEqual([
        expect.stringContaining(`create role "${name}" login noinherit`),
        expect.stringContaining(`grant tidemark_app to "${name}"`),
        expect.stringContaining(`grant tidemark_system to "${name}"`),
      ]);
      for (const statement of statements) await database.query(statement.replace('…', PASSWORD));
      logins.push(name);
      expect((await migrated(url, ownerUrl)).login).toEqual({ name, state: 'unchanged' });
      await database.query(`drop database ${own} with (force)`);
    },
    STARTS_PROCESSES_MS,
  );

  const grantBoth = 'grant tidemark_app, tidemark_system to $login';
  const EXCESSES: [string, string, string[]][] = [
    ['is a superuser', 'superuser', []],
    ['owns tables or other objects', '', [grantBoth, 'create schema $login authorization $login']],
    ['may create roles', 'createrole', [grantBoth]],
    ['may create databases', 'createdb', [grantBoth]],
    ['may replicate the whole server', 'replication', [grantBoth]],
    ['ignores row-level security', 'bypassrls', [grantBoth]],
    ['is a member of pg_read_all_data', '', [grantBoth, 'grant pg_read_all_data to $login']],
    ['was granted rights of its own in this database', '', [grantBoth, 'grant select on events to $login']],
  ];

  it.each(EXCESSES)('that %s does not pass the checks at start', async (why, attributes, statements) => {
    const url = await createLogin(`noinherit ${attributes}`, ...statements);
    const pools = new Database(loadConfig({ DATABASE_URL: url, NODE_ENV: 'test' }));
    await expect(ServerChecks.passed(pools)).rejects.toThrow(
      `could leave its role: it ${why}; set DATABASE_MIGRATION_URL`,
    );
    await pools.onApplicationShutdown();
  });

  it('passes them when it has but the right to connect besides the two roles', async () => {
    const connect = `grant connect on database ${new URL(database.url).pathname.slice(1)} to $login`;
    const pools = new Database(
      loadConfig({ DATABASE_URL: await createLogin('noinherit', grantBoth, connect), NODE_ENV: 'test' }),
    );
    await expect(ServerChecks.passed(pools)).resolves.toBeInstanceOf(ServerChecks);
    await pools.onApplicationShutdown();
  });

  it(
    'that is the owner, or more than a member, is refused by API and worker, by doctor and by the migrations',
    async () => {
      const more = await createLogin('noinherit', grantBoth, 'grant pg_write_server_files to $login');
      const ports = { PORT: '0', WORKER_HEALTH_PORT: '0' };
      for (const DATABASE_URL of [more, database.ownerUrl]) {
        const services = ['main', 'worker'].map((file) => runBuilt({ ...ports, DATABASE_URL }, file));
        for (const { code, err } of await Promise.all(services)) {
          expect([code, err]).toEqual([
            1,
            expect.stringMatching(/could leave its role: it .*; set DATABASE_MIGRATION_URL/),
          ]);
        }
      }
      const [doctor, migration, alone] = await Promise.all([
        runBuilt({ DATABASE_URL: more }, 'cli', 'doctor'),
        migrate(more, database.ownerUrl),
        runBuilt({ DATABASE_URL: database.ownerUrl }, 'cli', 'migrate'),
      ]);
      expect([doctor.code, doctor.out]).toEqual([1, expect.stringMatching(/WRONG +login .*pg_write_server_files/)]);
      expect([migration.code, migration.err]).toEqual([
        1,
        expect.stringMatching(/will refuse .*pg_write_server_files/),
      ]);
      expect([alone.code, alone.out]).toEqual([
        0,
        expect.stringMatching(/API and worker need another: set DATABASE_MIG/),
      ]);
    },
    STARTS_PROCESSES_MS,
  );

  it(
    'that lacks the roles is refused by API and worker with what to do',
    async () => {
      const env = { PORT: '0', WORKER_HEALTH_PORT: '0', DATABASE_URL: await createLogin('noinherit') };
      const outcomes = await Promise.all(['main', 'worker'].map((file) => runBuilt(env, file)));
      for (const { code, err } of outcomes) {
        expect([code, err]).toEqual([1, expect.stringMatching(/lacks the roles .*; set DATABASE_MIGRATION_URL/)]);
      }
    },
    STARTS_PROCESSES_MS,
  );
});
