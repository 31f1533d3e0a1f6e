import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { listMigrations } from '../../src/platform/database/schema-version.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { runBuilt } from '../support/logins.js';

const run = promisify(execFile);
const STARTS_PROCESSES_MS = 120_000;
const COMMAND = '`npm run migration:run` (in a container: `node dist/cli.js migrate`)';
const newest = listMigrations().at(-1)!;

/** The table of `doctor` breaks lines at 100 columns. */
const onOneLine = (text: string) => text.replace(/\s+/g, ' ');

describe('a schema that is not that of the code', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(() => database.drop());

  const refusals = async () => {
    const env = { DATABASE_URL: database.url, PORT: '0', WORKER_HEALTH_PORT: '0' };
    const [api, worker, doctor] = await Promise.all(
      ['main', 'worker', 'cli'].map((name) => runBuilt(env, name, ...(name === 'cli' ? ['doctor'] : []))),
    );
    expect([api!.code, worker!.code, doctor!.code]).toEqual([1, 1, 1]);
    return [api!.err, worker!.err, onOneLine(doctor!.out)];
  };

  it(
    'is refused by API, worker and doctor when it is older, with the command to run, until that has run',
    async () => {
      await database.query('delete from migrations where timestamp = $1', [newest.timestamp]);
      for (const text of await refusals()) {
        expect(text).toContain(`the schema is older than this version of Tidemark and lacks ${newest.name}`);
        expect(text).toContain(`run ${COMMAND}`);
      }
    },
    STARTS_PROCESSES_MS,
  );

  it(
    'is refused by API, worker and doctor when nothing has ever migrated it',
    async () => {
      await database.query('drop table migrations');
      for (const text of await refusals()) expect(text).toContain(`run ${COMMAND}`);
    },
    STARTS_PROCESSES_MS,
  );

  it(
    'is refused by API, worker, doctor and the migrations when it is newer, and nothing is changed',
    async () => {
      await database.query(`insert into migrations (timestamp, name) values (9999999999999, 'AddWings9999999999999')`);
      const migrate = await runBuilt(
        { DATABASE_URL: database.url, DATABASE_MIGRATION_URL: database.ownerUrl },
        'cli',
        'migrate',
      );
      expect(migrate.code).toBe(1);
      for (const text of [...(await refusals()), migrate.err]) {
        expect(text).toContain('newer than this version of Tidemark, which does not know AddWings9999999999999');
        expect(text).toContain('`npm run migration:revert`');
      }
    },
    STARTS_PROCESSES_MS,
  );
});

describe('a build without migrations', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-build-'));

  beforeAll(() => {
    cpSync('dist', join(folder, 'dist'), { recursive: true });
    cpSync('package.json', join(folder, 'package.json'));
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    rmSync(join(folder, 'dist', 'migrations'), { recursive: true });
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it(
    'is an error to migrate with, to start and for doctor, not a schema that is up to date',
    async () => {
      const env = { PATH: process.env['PATH'], DATABASE_URL: process.env['TEST_DATABASE_URL'] };
      for (const words of [['cli.js', 'migrate'], ['cli.js', 'doctor'], ['main.js'], ['worker.js']]) {
        const outcome = run(process.execPath, [join(folder, 'dist', words[0]!), ...words.slice(1)], { env });
        const { code, stdout, stderr } = await outcome.then(
          () => ({ code: 0, stdout: '', stderr: '' }),
          (error: { code: number; stdout: string; stderr: string }) => error,
        );
        expect([words, code]).toEqual([words, 1]);
        expect(onOneLine(stdout + stderr)).toMatch(
          /This build has no migrations in .*\. Build it again: npm run build\./,
        );
      }
    },
    STARTS_PROCESSES_MS,
  );
});
