import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { ClickHouseClientModule } from './clickhouse/clickhouse-client.module.js';
import type { Config } from './config/config.js';
import { Database } from './database/database.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthController } from './health/health.controller.js';
import { HealthService } from './health/health.service.js';
import { ProblemFilter } from './http/problem.filter.js';
import { Metrics } from './metrics/metrics.js';
import { PoolMetrics } from './metrics/pool-metrics.js';
import { ProcessMetrics } from './health/process-metrics.js';
import { PeriodicTasks } from './scheduling/periodic-tasks.js';
import { QueueConnection, queueRoot, type QueueRole } from './queues/queues.js';
import { ServerChecks } from './database/server-checks.js';
import { Tracing } from './tracing/tracing.js';
import { createValidationPipe } from './http/validation.js';

/** Configuration, database, queues, errors, health: everything a serving process needs that knows no feature. */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(config: Config, queueRole: QueueRole): DynamicModule {
    return {
      module: PlatformModule,
      imports: [DatabaseModule.forRoot(config), ClickHouseClientModule, queueRoot(), ScheduleModule.forRoot()],
      controllers: [HealthController],
      providers: [
        { provide: QueueConnection, useFactory: () => QueueConnection.open(config, queueRole) },
        HealthService,
        Metrics,
        PoolMetrics,
        {
          provide: ProcessMetrics,
          inject: [HealthService, Metrics],
          useFactory: (health: HealthService, metrics: Metrics) =>
            new ProcessMetrics(health, metrics, queueRole === 'producer' ? 'api' : 'worker'),
        },
        PeriodicTasks,
        {
          provide: Tracing,
          useFactory: () => Tracing.start(config, queueRole === 'producer' ? 'tidemark-api' : 'tidemark-worker'),
        },
        {
          provide: ServerChecks,
          inject: [Database],
          useFactory: (database: Database) => ServerChecks.passed(database),
        },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useFactory: createValidationPipe },
      ],
      exports: [QueueConnection, HealthService, Metrics, PeriodicTasks, ServerChecks, Tracing],
    };
  }
}
