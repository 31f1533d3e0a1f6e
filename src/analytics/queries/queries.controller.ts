import { Body, Controller, HttpCode, Post, UseInterceptors } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { AsOfInterceptor } from '../../platform/http/as-of.interceptor.js';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { AnalyticsQueryDto, AnalyticsQueryResponse } from './queries.dto.js';
import { QueriesService } from './queries.service.js';

@ApiTags('Analytics')
@Controller('analytics')
@RequireScope('read')
@UseInterceptors(AsOfInterceptor)
export class QueriesController {
  constructor(private readonly queries: QueriesService) {}

  /**
   * Events, users or sessions that fit a filter: their number, by up to two properties, over time, and beside the time
   * before. Read from the events themselves.
   */
  @Post('query')
  @HttpCode(200)
  @ApiOkResponse({ type: AnalyticsQueryResponse })
  queryAnalytics(@Caller() caller: Principal, @Body() query: AnalyticsQueryDto): Promise<AnalyticsQueryResponse> {
    return this.queries.query(caller.tenantId, query);
  }
}
