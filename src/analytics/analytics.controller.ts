import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../platform/access.js';
import type { Principal } from '../platform/principal.js';
import { EventCountsQuery, EventsByClientAndTypeResponse, EventsByTypeResponse } from './analytics.dto.js';
import { AnalyticsService } from './analytics.service.js';

@ApiTags('analytics')
@Controller('analytics')
export class AnalyticsController {
  constructor(private readonly analytics: AnalyticsService) {}

  /** Processed events per type, most frequent first. */
  @Get(['events-by-type', 'count-by-type'])
  @RequireScope('read')
  @ApiOkResponse({ type: EventsByTypeResponse })
  countByType(@Caller() caller: Principal, @Query() query: EventCountsQuery): Promise<EventsByTypeResponse> {
    return this.analytics.countByType(caller.tenantId, query);
  }

  /** Processed events per calling application and type. */
  @Get('group-by-client-and-type')
  @RequireScope('read')
  @ApiOkResponse({ type: EventsByClientAndTypeResponse })
  countByClientAndType(
    @Caller() caller: Principal,
    @Query() query: EventCountsQuery,
  ): Promise<EventsByClientAndTypeResponse> {
    return this.analytics.countByClientAndType(caller.tenantId, query);
  }
}
