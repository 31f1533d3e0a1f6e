import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import pg from 'pg';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { event, TestPipeline } from '../support/ingest.js';

const run = promisify(execFile);
/** As the command does it, but in one process for all of them. */
const REVERT_ALL = `
import { revertLastMigration } from './dist/platform/database/migrate.js';
const reverted = [];
for (let name; (name = await revertLastMigration(process.env)) !== null;) reverted.push(name);
console.log(JSON.stringify(reverted));`;
const isMigration = (file: string) => /^\d+-.*\.ts$/.test(file);

/** The usual account of a hosted PostgreSQL: owns its database and may create roles, but is no superuser. */
describe('migrations by an ordinary owner', () => {
  const name = `owner_${uuid7().replaceAll('-', '')}`;
  const template = new URL(process.env['TEST_OWNER_URL']!);
  const url = new URL(template);
  const admin = new pg.Client({
    connectionString: Object.assign(new URL(template), { pathname: '/postgres' }).toString(),
  });

  beforeAll(async () => {
    await admin.connect();
    await admin.query(`create role ${name} login createrole password 'x'`);
    // Roles belong to the server and exist already here; whoever made them lets the next owner use them.
    await admin.query(`grant tidemark_app, tidemark_system to ${name}`);
    await admin.query(`create database ${name} owner ${name}`);
    Object.assign(url, { username: name, password: 'x', pathname: `/${name}` });
  });

  afterAll(async () => {
    await admin.query(`drop database ${name} with (force)`);
    await admin.query(`drop role ${name}`);
    await admin.end();
  });

  const cli = async (...words: string[]) => {
    const env = { PATH: process.env['PATH'], DATABASE_URL: url.toString() };
    const { stdout } = await run(process.execPath, ['dist/cli.js', ...words], { env });
    return JSON.parse(stdout) as { migrations?: string[]; reverted?: string | null };
  };

  it('run once, even from four processes at the same time', async () => {
    const results = await Promise.all(Array.from({ length: 4 }, () => cli('migrate', '--json')));
    expect(results.flatMap(({ migrations }) => migrations)).toHaveLength(
      readdirSync('migrations').filter(isMigration).length,
    );
  });

  it('leave a database that takes and counts events', async () => {
    const pipeline = new TestPipeline(url.toString());
    const outcomes = await pipeline.writer.write(event().tenantId, [event()]);
    expect(outcomes).toMatchObject([{ status: 'accepted' }]);
    expect(await pipeline.processing.process(pipeline.notified)).toBe(1);
    await pipeline.stop();
  });

  it('can be taken back and run again, whatever scopes its keys have', async () => {
    const owner = new pg.Client({ connectionString: url.toString() });
    await owner.connect();
    await owner.query(
      `insert into api_keys (id, tenant_id, prefix, secret_hash, client_id, name, scopes)
       select gen_random_uuid(), (select id from tenants limit 1), scopes, '', 'c', 'n', string_to_array(scopes, ',')
       from unnest(array['track', 'track,read', 'platform']) as scopes`,
    );
    await owner.end();
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', REVERT_ALL], {
      env: { PATH: process.env['PATH'], DATABASE_URL: url.toString() },
    });
    const reverted = JSON.parse(stdout) as string[];
    expect(reverted).toHaveLength(readdirSync('migrations').filter(isMigration).length);
    expect((await cli('migrate', '--json')).migrations).toEqual(reverted.reverse());
    expect((await cli('migrate', '--revert', '--json')).reverted).toBe(reverted.at(-1));
  }, 60_000);
});
