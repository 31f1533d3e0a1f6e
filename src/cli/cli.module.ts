import { type DynamicModule, type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ArchiveModule } from '../audit/archive/archive.module.js';
import { ClickHouseModule } from '../clickhouse/clickhouse.module.js';
import { DeadLettersModule } from '../events/dead-letters/dead-letters.module.js';
import { JobsModule } from '../events/jobs/jobs.module.js';
import { RollupsModule } from '../analytics/rollups/rollups.module.js';
import { ApiKey } from '../keys/api-key.entity.js';
import { KeysModule } from '../keys/keys.module.js';
import type { Config } from '../platform/config/config.js';
import { runtimeOptions } from '../platform/database/data-source-options.js';
import { DatabaseModule } from '../platform/platform.module.js';
import { Tenant } from '../tenants/tenant.entity.js';
import { RetentionRunningModule } from '../retention/retention.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';

/** The services that commands share with the API. */
@Module({})
export class CliModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: CliModule,
      imports: [
        DatabaseModule.forRoot(config),
        TypeOrmModule.forRoot({ ...runtimeOptions(config), retryAttempts: 1, entities: [Tenant, ApiKey] }),
        TenantsModule,
        KeysModule,
        DeadLettersModule,
        JobsModule,
        RollupsModule,
        ClickHouseModule,
        RetentionRunningModule,
        ArchiveModule,
      ],
    };
  }
}

/** Runs `work` with the application's services and closes them. */
export async function inApplication<T>(config: Config, work: (app: INestApplicationContext) => Promise<T>): Promise<T> {
  const app = await NestFactory.createApplicationContext(CliModule.forRoot(config), {
    logger: false,
    abortOnError: false,
  });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
