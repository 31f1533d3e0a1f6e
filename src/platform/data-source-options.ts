import { join } from 'node:path';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { Config } from './config.js';
import { connectionString } from './database.js';
import { packageRoot } from './package-root.js';

/** TypeORM as the schema's owner: migrations only. */
export function migrationOptions(config: Pick<Config, 'DATABASE_URL'>): DataSourceOptions {
  return {
    type: 'postgres',
    url: config.DATABASE_URL,
    applicationName: 'tidemark-migrate',
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
    verboseRetryLog: false,
    extra: { connectionTimeoutMillis: 2_000, statement_timeout: 10_000, keepAlive: true },
  };
}
