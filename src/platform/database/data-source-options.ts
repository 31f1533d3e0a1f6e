import { join } from 'node:path';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { Config, MigrationConfig } from '../config/config.js';
import { connectionString, isConnectionError } from './database.js';
import { packageRoot } from '../config/package-root.js';

/** TypeORM as the schema's owner: migrations only. */
export function migrationOptions(config: MigrationConfig): DataSourceOptions {
  return { ...migrationsOf(migrationUrl(config)), applicationName: 'tidemark-migrate' };
}

/** TypeORM as the running service, which may see the list of the migrations that have run. */
export function migrationListOptions(config: Pick<Config, 'DATABASE_URL'>): DataSourceOptions {
  return migrationsOf(connectionString(config.DATABASE_URL, 'tidemark_system'));
}

export const migrationUrl = (config: MigrationConfig): string => config.DATABASE_MIGRATION_URL ?? config.DATABASE_URL;

function migrationsOf(url: string): Extract<DataSourceOptions, { type: 'postgres' }> {
  return {
    type: 'postgres',
    url,
    migrations: [join(packageRoot, 'dist', 'migrations', '*.js')],
    migrationsTableName: 'migrations',
    installExtensions: false,
    synchronize: false,
    logging: false,
    extra: { connectionTimeoutMillis: 5_000 },
  };
}

/** TypeORM in a running process: tenants and keys, under the role that spans tenants. */
export function runtimeOptions(config: Pick<Config, 'DATABASE_URL'>): TypeOrmModuleOptions {
  return {
    type: 'postgres',
    url: connectionString(config.DATABASE_URL, 'tidemark_system'),
    applicationName: 'tidemark-identity',
    installExtensions: false,
    synchronize: false,
    poolSize: 2,
    retryAttempts: Number.MAX_SAFE_INTEGER, // wait for a database that is still starting
    retryDelay: 500,
    toRetry: isConnectionError,
    verboseRetryLog: false,
    extra: { connectionTimeoutMillis: 2_000, statement_timeout: 10_000, keepAlive: true },
  };
}
