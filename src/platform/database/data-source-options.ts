import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { Config, MigrationConfig } from '../config/config.js';
import { isConnectionError } from './database.js';
import { serversOf } from './database-hosts.js';
import { Client } from './pg-client.js';
import { sessionOf } from './session.js';
import { listMigrations } from './schema-version.js';

/** TypeORM as the schema's owner: migrations only. */
export function migrationOptions(config: MigrationConfig): Extract<DataSourceOptions, { type: 'postgres' }> {
  const { connectionString: url, hosts } = serversOf(migrationUrl(config));
  return {
    type: 'postgres',
    url,
    applicationName: 'tidemark-migrate',
    migrations: listMigrations().map(({ file }) => file),
    migrationsTableName: 'migrations',
    installExtensions: false,
    synchronize: false,
    logging: false,
    extra: { connectionTimeoutMillis: 5_000, Client, hosts },
  };
}

export const migrationUrl = (config: MigrationConfig): string => config.DATABASE_MIGRATION_URL ?? config.DATABASE_URL;

/** TypeORM in a running process: tenants and keys, under the role that spans tenants. */
export function runtimeOptions(config: Pick<Config, 'DATABASE_URL'>): TypeOrmModuleOptions {
  const {
    connectionString: url,
    hosts,
    onConnect,
  } = sessionOf(config.DATABASE_URL, 'tidemark_system', { statement_timeout: '10000' });
  return {
    type: 'postgres',
    url,
    applicationName: 'tidemark-identity',
    installExtensions: false,
    synchronize: false,
    poolSize: 2,
    retryAttempts: Number.MAX_SAFE_INTEGER, // wait for a database that is still starting
    retryDelay: 500,
    toRetry: isConnectionError,
    verboseRetryLog: false,
    extra: { connectionTimeoutMillis: 2_000, keepAlive: true, onConnect, Client, hosts },
  };
}
