import pg from 'pg';
import { connectionString } from '../../src/platform/database/session.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { describeDatabase } from '../support/fixture.js';
import { event, TestPipeline } from '../support/ingest.js';

const TENANT_TABLES = ['events', 'ingest_batches', 'event_rollups_minute', 'event_rollups_hour', 'event_rollups_day'];

describeDatabase('row-level security', {}, (database) => {
  let pipeline: TestPipeline;
  let app: pg.Pool;
  const tenants = [uuid7(), uuid7()] as const;

  beforeAll(async () => {
    pipeline = new TestPipeline(database.url);
    for (const tenant of tenants) await pipeline.writer.write(tenant, [event({}, tenant), event({}, tenant)]);
    await pipeline.processing.process(pipeline.notified);
    app = new pg.Pool({ connectionString: connectionString(database.url, 'tidemark_app'), max: 1 });
  });

  afterAll(async () => {
    await app.end();
    await pipeline.stop();
  });

  it.each(TENANT_TABLES)('shows a tenant its own rows of %s and nobody else’s, without any where', async (table) => {
    const rows = await pipeline.database.inTenant(tenants[0], async (sql) => {
      const result = await sql.query<{ tenant_id: string }>(`select tenant_id from ${table}`);
      return result.rows;
    });
    expect(rows.length).toBeGreaterThan(0);
    expect(new Set(rows.map((row) => row.tenant_id))).toEqual(new Set([tenants[0]]));
  });

  it.each(TENANT_TABLES)('shows nothing of %s when no tenant is set', async (table) => {
    expect((await app.query(`select * from ${table}`)).rows).toEqual([]);
  });

  it('forgets the tenant when the transaction ends', async () => {
    await pipeline.database.inTenant(tenants[0], async (sql) => void (await sql.query('select 1')));
    const { rows } = await pipeline.database.query.query('select * from events');
    expect(rows).toEqual([]);
  });

  it('covers every table that has a tenant', async () => {
    const unprotected = await database.query(`
      select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
      join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
      where c.relkind in ('r', 'p') and not c.relispartition and not (c.relrowsecurity and c.relforcerowsecurity)`);
    expect(unprotected).toEqual([]);
  });

  it('lets the application neither read secrets nor change what is history', async () => {
    for (const sql of [
      'select * from installation_secrets',
      'delete from events',
      'truncate events',
      `update events set payload = '{}'`,
      'update event_rollups_day set count = 0',
      'insert into event_keys values (gen_random_uuid(), gen_random_uuid())',
      'select ensure_partitions(now(), 1)',
      'create table mine (a int)',
      'reset role; drop table events',
    ]) {
      await expect(app.query(sql)).rejects.toMatchObject({ code: expect.stringMatching(/^42501|^42809/) as string });
    }
  });

  it('lets the application call no function that works with the rights of the owner', async () => {
    const callable = await database.query(`
      select p.oid::regprocedure::text as name from pg_proc p
      where p.pronamespace = 'public'::regnamespace and p.prosecdef and p.prorettype <> 'trigger'::regtype
        and has_function_privilege('tidemark_app', p.oid, 'execute')`);
    expect(callable).toEqual([]);
  });

  it('holds for partitions too, also when they are read directly', async () => {
    const partitions = await database.query<{ name: string }>(
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'events'::regclass`,
    );
    for (const { name } of partitions) {
      await expect(app.query(`select * from ${name}`)).rejects.toMatchObject({ code: '42501' });
    }
  });
});
