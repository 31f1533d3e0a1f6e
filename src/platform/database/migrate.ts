import { runMigrations as runQueueMigrations } from 'bullmq';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { MigrationConfig } from '../config/config.js';
import { migrationOptions, migrationUrl } from './data-source-options.js';
import { QUEUE_SCHEMA } from './queue-schema.js';
import { ensureRuntimeLogin, type RuntimeLogin } from './runtime-login.js';

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

/** Takes back the newest migration. @returns its name, or null when there was none */
export async function revertLastMigration(config: MigrationConfig): Promise<string | null> {
  return withMigrationLock(config, async (client) => {
    const { rows } = await client.query<{ name: string }>('select name from migrations order by id desc limit 1');
    const dataSource = await new DataSource(migrationOptions(config)).initialize();
    try {
      await dataSource.undoLastMigration({ transaction: 'each' });
      return rows[0]?.name ?? null;
    } finally {
      await dataSource.destroy();
    }
  });
}

/**
 * The service uses the queue's tables and owns none. BullMQ creates a sequence for each queue's ids when the first job is
 * added; as a security definer, that function creates it for the owner.
 */
async function migrateQueue(client: pg.Client): Promise<void> {
  await runQueueMigrations(client, QUEUE_SCHEMA);
  await client.query(`
    alter function ${QUEUE_SCHEMA}.next_job_id(text) security definer;
    grant usage on schema ${QUEUE_SCHEMA} to tidemark_system;
    grant select, insert, update, delete on all tables in schema ${QUEUE_SCHEMA} to tidemark_system;
    grant usage, select, update on all sequences in schema ${QUEUE_SCHEMA} to tidemark_system;
    grant execute on all functions in schema ${QUEUE_SCHEMA} to tidemark_system`);
}

async function withMigrationLock<T>(config: MigrationConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: migrationUrl(config), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work(client);
  } finally {
    await client.end();
  }
}
