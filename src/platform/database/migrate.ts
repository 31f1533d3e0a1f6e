import { runMigrations as runQueueMigrations } from 'bullmq';
import type pg from 'pg';
import { DataSource } from 'typeorm';
import type { MigrationConfig } from '../config/config.js';
import { migrationOptions, migrationUrl } from './data-source-options.js';
import { serversOf } from './database-hosts.js';
import { FIND_NEWEST_MIGRATION, GRANT_QUEUE, LOCK_MIGRATIONS } from './migrations-sql.js';
import { Client } from './pg-client.js';
import { QUEUE_SCHEMA } from './queue-schema.js';
import { ensureRuntimeLogin, type RuntimeLogin } from './runtime-login.js';
import { compareSchema, describeSchemaFault } from './schema-version.js';

/** Any number; the same in every process, so that only one migrates at a time. */
const MIGRATION_LOCK = 7_142_019_553;

export interface Migrated {
  /** Names of the migrations that ran. */
  migrations: string[];
  /** Null: DATABASE_URL has the owner's login. */
  login: RuntimeLogin | null;
}

/**
 * Brings the database to this version: Tidemark's own tables, the tables of the PostgreSQL queue, and the login of the
 * service. Safe to run from several processes at once and when there is nothing to do.
 */
export async function migrate(config: MigrationConfig): Promise<Migrated> {
  return withMigrationLock(config, async (client) => {
    await refuseNewerSchema(client);
    const dataSource = await new DataSource(migrationOptions(config)).initialize();
    try {
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      await migrateQueue(client);
      const login = await ensureRuntimeLogin(client, config);
      return { migrations: ran.map((migration) => migration.name), login };
    } finally {
      await dataSource.destroy();
    }
  });
}

/** What this version would add to a schema that another made may be there already, or not fit. */
async function refuseNewerSchema(client: pg.Client): Promise<void> {
  const { unknown } = await compareSchema(client);
  const fault = describeSchemaFault({ missing: [], unknown });
  if (fault !== undefined) throw new Error(`Nothing was migrated: ${fault}.`);
}

/** Takes back the newest migration. @returns its name, or null when there was none */
export async function revertLastMigration(config: MigrationConfig): Promise<string | null> {
  return withMigrationLock(config, async (client) => {
    const { rows } = await client.query<{ name: string }>(FIND_NEWEST_MIGRATION);
    const dataSource = await new DataSource(migrationOptions(config)).initialize();
    try {
      await dataSource.undoLastMigration({ transaction: 'each' });
      return rows[0]?.name ?? null;
    } finally {
      await dataSource.destroy();
    }
  });
}

async function migrateQueue(client: pg.Client): Promise<void> {
  await runQueueMigrations(client, QUEUE_SCHEMA);
  await client.query(GRANT_QUEUE);
}

async function withMigrationLock<T>(config: MigrationConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client: pg.Client = new Client({ ...serversOf(migrationUrl(config)), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(LOCK_MIGRATIONS, [MIGRATION_LOCK]);
    return await work(client);
  } finally {
    await client.end();
  }
}
