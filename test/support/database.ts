import pg from 'pg';
import { uuid7 } from '../../src/platform/database/uuid7.js';

export interface TestDatabase {
  /** As the login of the service. */
  url: string;
  /** As the schema's owner: for the migrations, and for what the service may not do. */
  ownerUrl: string;
  /** As the schema's owner, who sees everything. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A database of its own for one test file, cloned from the migrated template. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { TEST_DATABASE_URL: template, TEST_OWNER_URL: owner } = process.env;
  if (template === undefined || owner === undefined) throw new Error('global-setup.mjs has not run');
  const name = `test_${uuid7().replaceAll('-', '')}`;
  await asAdmin(owner, `create database ${name} template tidemark_template`);
  const ownerUrl = withDatabase(owner, name);
  const pool = new pg.Pool({ connectionString: ownerUrl, max: 2 });
  pool.on('error', () => undefined);
  return {
    url: withDatabase(template, name),
    ownerUrl,
    query: async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
      (await pool.query<Row>(text, values)).rows,
    drop: async () => {
      await pool.end();
      await asAdmin(owner, `drop database ${name} with (force)`);
    },
  };
}

async function asAdmin(owner: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(owner, 'postgres') });
  await client.connect();
  try {
    // Two files that clone at the same moment find each other connected to the template.
    await client.query('select pg_advisory_lock(1)');
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.toString();
}
