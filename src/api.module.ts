import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { type CanActivate, type DynamicModule, Module, type NestInterceptor, type Type } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { Queue } from 'bullmq';
import { AnalyticsController } from './analytics/counts/analytics.controller.js';
import { CountsModule } from './analytics/counts/counts.module.js';
import { FunnelsController } from './analytics/funnels/funnels.controller.js';
import { FunnelsModule } from './analytics/funnels/funnels.module.js';
import { QueriesController } from './analytics/queries/queries.controller.js';
import { QueriesModule } from './analytics/queries/queries.module.js';
import { SegmentsController } from './analytics/segments/segments.controller.js';
import { SegmentsModule } from './analytics/segments/segments.module.js';
import { OverviewModule } from './analytics/overview/overview.module.js';
import { UsersController } from './analytics/users/users.controller.js';
import { UsersModule } from './analytics/users/users.module.js';
import { ApiCallsController } from './audit/api/api-calls.controller.js';
import { AuditApiModule } from './audit/api/audit-api.module.js';
import { AuditEntriesController } from './audit/api/entries.controller.js';
import { ArchiveModule } from './audit/archive/archive.module.js';
import { ArchivesController } from './audit/archive/archives.controller.js';
import { AuditEventsController } from './audit/audit-events/audit-events.controller.js';
import { AuditEventsModule } from './audit/audit-events/audit-events.module.js';
import { ApiCallInterceptor } from './audit/call-log/api-call.interceptor.js';
import { CallLogModule } from './audit/call-log/call-log.module.js';
import { EntryExportModule } from './audit/export/entry-export.module.js';
import { ProofsController } from './audit/transparency-log/proofs.controller.js';
import { TransparencyLogModule } from './audit/transparency-log/transparency-log.module.js';
import { AuthController } from './auth/auth.controller.js';
import { AuthGuard } from './auth/auth.guard.js';
import { AuthModule } from './auth/auth.module.js';
import { LimitGuard, THROTTLERS } from './auth/limits/limit.guard.js';
import { SessionsController } from './auth/sessions.controller.js';

import { EventsController } from './events/api/events.controller.js';
import { CloudEventsModule } from './events/cloudevents/cloud-events.module.js';
import { DeadLettersModule } from './events/dead-letters/dead-letters.module.js';
import { FailedEventsController } from './events/dead-letters/failed-events.controller.js';
import { EnrichmentModule } from './events/enrichment/enrichment.module.js';
import { IngestModule } from './events/ingest/ingest.module.js';
import { JobsController } from './events/jobs/jobs.controller.js';
import { JOBS_QUEUE } from './events/jobs/jobs.jobs.js';
import { JobRequestsModule } from './events/jobs/jobs.module.js';
import { EVENTS_QUEUE } from './events/processing/events.jobs.js';
import { ProcessingModule } from './events/processing/processing.module.js';
import { QueueStatusController } from './events/processing/queue-status.controller.js';
import { ALL_QUEUES, QueueStatusService } from './events/processing/queue-status.service.js';
import { ReadingModule } from './events/reading/reading.module.js';
import { EventTypesController } from './events/schemas/event-types.controller.js';
import { SchemasModule } from './events/schemas/schemas.module.js';
import { SegmentController } from './events/segment/segment.controller.js';
import { SegmentModule } from './events/segment/segment.module.js';
import { ApiKey } from './keys/api-key.entity.js';
import { KeysController } from './keys/keys.controller.js';
import { KeysModule } from './keys/keys.module.js';
import { LogsGateway } from './metrics-gateway/logs.gateway.js';
import { MetricsGatewayModule } from './metrics-gateway/metrics-gateway.module.js';
import { MetricsGateway } from './metrics-gateway/metrics.gateway.js';
import { InstallationMetrics } from './monitoring/installation-metrics.js';
import { MetricsController } from './monitoring/metrics.controller.js';
import { MonitoringModule } from './monitoring/monitoring.module.js';
import type { Config } from './platform/config/config.js';
import { runtimeOptions } from './platform/database/data-source-options.js';
import { ServerChecks } from './platform/database/server-checks.js';
import { BodyInterceptor } from './platform/http/body/body.interceptor.js';
import { QueryGuard } from './platform/http/query.guard.js';
import type { RouteStep } from './platform/http/route.js';
import { HttpMetrics } from './platform/metrics/http-metrics.js';
import { PlatformModule } from './platform/platform.module.js';
import { ErasuresController } from './privacy/erasures.controller.js';
import { RetentionController } from './retention/retention.controller.js';
import { RUNS_QUEUE } from './retention/schedule/runs.jobs.js';
import { RetentionModule } from './retention/retention.module.js';
import { PrivacyModule } from './privacy/privacy.module.js';
import { Tenant } from './tenants/tenant.entity.js';
import { TenantsController } from './tenants/tenants.controller.js';
import { TenantsModule } from './tenants/tenants.module.js';

const GUARDS: Type<CanActivate & RouteStep>[] = [AuthGuard, LimitGuard, QueryGuard];
const INTERCEPTORS: Type<NestInterceptor & RouteStep>[] = [ApiCallInterceptor, BodyInterceptor];

/**
 * What every request goes through before the method of its route, in this order: through Nest, and on the fast path.
 */
export const ROUTE_STEPS: readonly Type<RouteStep>[] = [...GUARDS, ...INTERCEPTORS];

/** Every queue there is, for who asks what waits. */
const QUEUES = [EVENTS_QUEUE, JOBS_QUEUE, RUNS_QUEUE];

/** The API process: every controller and gateway is on this page. */
@Module({})
export class ApiModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        PlatformModule.forRoot(config, 'producer'),
        TypeOrmModule.forRootAsync({
          inject: [ServerChecks],
          useFactory: () => ({ ...runtimeOptions(config), entities: [Tenant, ApiKey] }),
        }),
        ThrottlerModule.forRoot(THROTTLERS),
        TenantsModule,
        KeysModule,
        AuthModule,
        CallLogModule,
        TransparencyLogModule,
        EntryExportModule,
        ArchiveModule,
        AuditApiModule,
        AuditEventsModule,
        CountsModule,
        FunnelsModule,
        QueriesModule,
        SegmentsModule,
        OverviewModule,
        UsersModule,
        SchemasModule,
        ReadingModule,
        EnrichmentModule,
        DeadLettersModule,
        ProcessingModule,
        IngestModule,
        SegmentModule,
        CloudEventsModule,
        JobRequestsModule,
        MetricsGatewayModule,
        RetentionModule,
        PrivacyModule,
        MonitoringModule,
        BullModule.registerQueue({ name: RUNS_QUEUE }),
      ],
      controllers: [
        ApiCallsController,
        ProofsController,
        ErasuresController,
        RetentionController,
        ArchivesController, // before logs/:id
        AuditEntriesController,
        AuditEventsController,
        TenantsController,
        KeysController,
        AuthController,
        SessionsController,
        QueueStatusController,
        JobsController,
        AnalyticsController,
        EventTypesController,
        FailedEventsController, // before events/:id
        QueriesController,
        SegmentsController,
        FunnelsController,
        UsersController,
        EventsController,
        SegmentController,
        MetricsController,
      ],
      providers: [
        LogsGateway,
        MetricsGateway,
        HttpMetrics,
        InstallationMetrics,
        QueueStatusService,
        {
          provide: ALL_QUEUES,
          inject: QUEUES.map((name) => getQueueToken(name)),
          useFactory: (...queues: Queue[]) => queues,
        },
        ...ROUTE_STEPS,
        ...GUARDS.map((guard) => ({ provide: APP_GUARD, useExisting: guard })),
        ...INTERCEPTORS.map((interceptor) => ({ provide: APP_INTERCEPTOR, useExisting: interceptor })),
      ],
    };
  }
}
