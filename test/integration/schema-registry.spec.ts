import { CompiledSchemas } from '../../src/events/schemas/compiled-schemas.js';
import { SchemaRegistry } from '../../src/events/schemas/schema-registry.js';
import { SchemasRepository } from '../../src/events/schemas/schemas.repository.js';
import { loadConfig } from '../../src/platform/config/config.js';
import { Database } from '../../src/platform/database/database.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { describeDatabase } from '../support/fixture.js';

describeDatabase('SchemaRegistry', {}, (test) => {
  let database: Database;
  let schemas: SchemasRepository;
  let now: number;

  beforeAll(() => {
    database = new Database(loadConfig({ DATABASE_URL: test.url, DB_POOL_SIZE: '8' }));
    schemas = new SchemasRepository(database);
    now = Date.now();
    jest.spyOn(Date, 'now').mockImplementation(() => now);
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    await database.onApplicationShutdown();
  });

  const modes = async (registry: SchemaRegistry, tenant: string) =>
    Object.fromEntries([...(await registry.find(tenant))].map(([type, { mode }]) => [type, mode]));

  it('knows every change that is older than 1.6 seconds, however often it is asked in between', async () => {
    const [registry, tenant] = [new SchemaRegistry(schemas), uuid7()];
    expect(await modes(registry, tenant)).toEqual({});
    await schemas.put(tenant, 'a', 'reject', true);
    now += 1_601;
    expect(registry.peek(tenant)).toBeUndefined();
    expect(await modes(registry, tenant)).toEqual({ a: 'reject' });
    await schemas.put(tenant, 'a', 'quarantine', true);
    await schemas.put(tenant, 'b', 'reject', true);
    now += 1_601;
    expect(await modes(registry, tenant)).toEqual({ a: 'quarantine', b: 'reject' });
    await schemas.delete(tenant, 'a');
    now += 1_601;
    expect(await modes(registry, tenant)).toEqual({ b: 'reject' });
  });

  it('asks nobody while what it knows is fresh', async () => {
    const [registry, tenant] = [new SchemaRegistry(schemas), uuid7()];
    await registry.find(tenant);
    const asked = jest.spyOn(schemas, 'listVersions');
    for (let n = 0; n < 100; n++) expect(registry.peek(tenant)).toBeDefined();
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });

  it('never shows one tenant the types of another', async () => {
    const [registry, tenants] = [new SchemaRegistry(schemas), [uuid7(), uuid7()] as const];
    await schemas.put(tenants[0], 'mine', 'reject', true);
    expect(await Promise.all(tenants.map((tenant) => modes(registry, tenant)))).toEqual([{ mine: 'reject' }, {}]);
  });

  it('takes 1,000 schemas per tenant and no more, also from several at once', async () => {
    const tenant = uuid7();
    await test.query(`insert into event_type_registries values ($1, 1)`, [tenant]);
    await test.query(
      `insert into event_type_schemas (tenant_id, event_type, version, mode, schema)
       select $1, 'type ' || n, 1, 'reject', 'true' from generate_series(1, 998) n`,
      [tenant],
    );
    const put = await Promise.all(['w', 'x', 'y', 'z'].map((type) => schemas.put(tenant, type, 'reject', true)));
    expect(put.filter((row) => row !== null)).toHaveLength(2);
    expect(await schemas.put(tenant, 'type 1', 'quarantine', true)).toMatchObject({ mode: 'quarantine' });
  });

  it('gives out the schema that replaced the version asked for, and null when there is none any more', async () => {
    const [compiled, tenant] = [new CompiledSchemas(schemas), uuid7()];
    const first = await schemas.put(tenant, 'a', 'reject', { required: ['old'] });
    await schemas.put(tenant, 'a', 'reject', { required: ['new'] });
    const schema = await compiled.get(tenant, 'a', first!.version);
    expect(schema?.faultsOf('{}')).toMatchObject([{ path: 'payload.new' }]);
    await schemas.delete(tenant, 'a');
    expect(await compiled.get(tenant, 'a', first!.version)).toBeNull();
  });
});
