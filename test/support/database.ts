import pg from 'pg';
import { uuid7 } from '../../src/platform/database/uuid7.js';

/** A database of its own for one test file, cloned from the migrated template. */
export class TestDatabase {
  /** As the login of the service. */
  url: string;
  /** As the schema's owner: for the migrations, and for what the service may not do. */
  ownerUrl: string;
  private readonly name = `test_${uuid7().replaceAll('-', '')}`;
  private pool: pg.Pool;

  async create(): Promise<void> {
    const { TEST_DATABASE_URL: template, TEST_OWNER_URL: owner } = process.env;
    if (template === undefined || owner === undefined) throw new Error('global-setup.mjs has not run');
    await asAdmin(owner, `create database ${this.name} template tidemark_template`);
    this.url = withDatabase(template, this.name);
    this.ownerUrl = withDatabase(owner, this.name);
    this.pool = new pg.Pool({ connectionString: this.ownerUrl, max: 2 });
    this.pool.on('error', () => undefined);
  }

  /** As the schema's owner, who sees everything. */
  async query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  async drop(): Promise<void> {
    await this.pool.end();
    await asAdmin(this.ownerUrl, `drop database ${this.name} with (force)`);
  }
}

/** For a test that needs more of them than its fixture's. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const database = new TestDatabase();
  await database.create();
  return database;
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
