import { type DynamicModule, type INestApplicationContext, Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiKey } from '../keys/api-key.entity.js';
import type { Config } from '../platform/config/config.js';
import { runtimeOptions } from '../platform/database/data-source-options.js';
import { DatabaseModule } from '../platform/database/database.module.js';
import { Tenant } from '../tenants/tenant.entity.js';
import { TenantsModule } from '../tenants/tenants.module.js';

type Modules = NonNullable<ModuleMetadata['imports']>;

/** What every command shares with the API, and the modules of one: loading those of all takes longer than most work. */
@Module({})
export class CliModule {
  static forRoot(config: Config, modules: Modules): DynamicModule {
    return {
      module: CliModule,
      imports: [
        DatabaseModule.forRoot(config),
        TypeOrmModule.forRoot({ ...runtimeOptions(config), retryAttempts: 1, entities: [Tenant, ApiKey] }),
        TenantsModule,
        ...modules,
      ],
    };
  }
}

/** Runs `work` with the services of all commands and of `modules`, and closes them. */
export async function inApplication<T>(
  config: Config,
  modules: Modules,
  work: (app: INestApplicationContext) => Promise<T>,
): Promise<T> {
  const app = await NestFactory.createApplicationContext(CliModule.forRoot(config, modules), {
    logger: false,
    abortOnError: false,
  });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
