import { runMigrations as runQueueMigrations } from 'bullmq';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { Config } from './config.js';
import { migrationOptions } from './data-source-options.js';
import { QUEUE_SCHEMA } from './queues.js';

/** Any number; the same in every process, so that only one migrates at a time. */
const MIGRATION_LOCK = 7_142_019_553;

/**
 * Brings the database to this version: Tidemark's own tables, then the tables of the PostgreSQL queue.
 * Safe to run from several processes at once and when there is nothing to do.
 * @returns names of the migrations that ran
 */
export async function migrate(config: Pick<Config, 'DATABASE_URL'>): Promise<string[]> {
  return withMigrationLock(config, async (client) => {
    const dataSource = await new DataSource(migrationOptions(config)).initialize();
    try {
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      await migrateQueue(client);
      return ran.map((migration) => migration.name);
    } finally {
      await dataSource.destroy();
    }
  });
}

/** Takes back the newest migration. @returns its name, or null when there was none */
export async function revertLastMigration(config: Pick<Config, 'DATABASE_URL'>): Promise<string | null> {
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

async function migrateQueue(client: pg.Client): Promise<void> {
  await runQueueMigrations(client, QUEUE_SCHEMA);
  await client.query(`
    grant usage, create on schema ${QUEUE_SCHEMA} to tidemark_system;
    grant select, insert, update, delete on all tables in schema ${QUEUE_SCHEMA} to tidemark_system;
    grant usage, select, update on all sequences in schema ${QUEUE_SCHEMA} to tidemark_system;
    grant execute on all functions in schema ${QUEUE_SCHEMA} to tidemark_system`);
}

async function withMigrationLock<T>(
  config: Pick<Config, 'DATABASE_URL'>,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: config.DATABASE_URL, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work(client);
  } finally {
    await client.end();
  }
}
