import { Controller, Get, Query, UseInterceptors } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { AsOfInterceptor } from '../../platform/http/as-of.interceptor.js';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import {
  BreakdownQuery,
  BreakdownResponse,
  EventCountsQuery,
  EventsByClientAndTypeResponse,
  EventsByTypeResponse,
  ProcessingMetricsQuery,
  ProcessingMetricsResponse,
  TimeseriesQuery,
  TimeseriesResponse,
} from './analytics.dto.js';
import { AnalyticsService } from './analytics.service.js';

@ApiTags('Analytics')
@Controller('analytics')
@RequireScope('read')
@UseInterceptors(AsOfInterceptor)
export class AnalyticsController {
  constructor(private readonly analytics: AnalyticsService) {}

  /** Processed events per type, most frequent first. */
  @Get(['events-by-type', 'count-by-type'])
  @ApiOkResponse({ type: EventsByTypeResponse })
  get(@Caller() caller: Principal, @Query() query: EventCountsQuery): Promise<EventsByTypeResponse> {
    return this.analytics.countByType(caller.tenantId, query);
  }

  /** Processed events per calling application and type. */
  @Get('group-by-client-and-type')
  @ApiOkResponse({ type: EventsByClientAndTypeResponse })
  getEventsByClientAndType(
    @Caller() caller: Principal,
    @Query() query: EventCountsQuery,
  ): Promise<EventsByClientAndTypeResponse> {
    return this.analytics.countByClientAndType(caller.tenantId, query);
  }

  /** Events over time, in the buckets of a time zone. */
  @Get('timeseries')
  @ApiOkResponse({ type: TimeseriesResponse })
  getTimeseries(@Caller() caller: Principal, @Query() query: TimeseriesQuery): Promise<TimeseriesResponse> {
    return this.analytics.getTimeseries(caller.tenantId, query);
  }

  /** What the workers processed, and how long events waited. */
  @Get('processing-metrics')
  @ApiOkResponse({ type: ProcessingMetricsResponse })
  getProcessingMetrics(
    @Caller() caller: Principal,
    @Query() query: ProcessingMetricsQuery,
  ): Promise<ProcessingMetricsResponse> {
    return this.analytics.getProcessingMetrics(caller.tenantId, query);
  }

  /** The most frequent values of one payload property. */
  @Get('breakdown')
  @ApiOkResponse({ type: BreakdownResponse })
  getBreakdown(@Caller() caller: Principal, @Query() query: BreakdownQuery): Promise<BreakdownResponse> {
    return this.analytics.getBreakdown(caller.tenantId, query);
  }
}
