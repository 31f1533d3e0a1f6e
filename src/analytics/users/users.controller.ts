import { Controller, Get, Param, Query, UseInterceptors } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { AsOfInterceptor } from '../../platform/http/as-of.interceptor.js';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { OverviewQuery, OverviewResponse } from '../overview/overview.dto.js';
import { OverviewService } from '../overview/overview.service.js';
import { JourneyQuery, JourneyResponse, RetentionQuery, RetentionResponse, UserOverviewResponse } from './users.dto.js';
import { UsersService } from './users.service.js';

@ApiTags('Analytics')
@Controller('analytics')
@RequireScope('read')
@UseInterceptors(AsOfInterceptor)
export class UsersController {
  constructor(
    private readonly overview: OverviewService,
    private readonly users: UsersService,
  ) {}

  /** The dashboard; with `user_id` what one user did. */
  @Get()
  @ApiExtraModels(OverviewResponse, UserOverviewResponse)
  @ApiOkResponse({
    schema: { oneOf: [{ $ref: getSchemaPath(OverviewResponse) }, { $ref: getSchemaPath(UserOverviewResponse) }] },
  })
  getOverview(
    @Caller() { tenantId }: Principal,
    @Query() query: OverviewQuery,
  ): Promise<OverviewResponse | UserOverviewResponse> {
    const { user_id: userId } = query;
    return userId === undefined ? this.overview.get(tenantId, query) : this.users.getUser(tenantId, userId, query);
  }

  /** How many of those who came first in a period came back in later ones. */
  @Get('retention')
  @ApiOkResponse({ type: RetentionResponse })
  getRetention(@Caller() caller: Principal, @Query() query: RetentionQuery): Promise<RetentionResponse> {
    return this.users.getRetention(caller.tenantId, query);
  }

  /** What a user did, in order, by session. */
  @Get('users/:user_id/journey')
  @ApiOkResponse({ type: JourneyResponse })
  getUserJourney(
    @Caller() caller: Principal,
    @Param('user_id') userId: string,
    @Query() query: JourneyQuery,
  ): Promise<JourneyResponse> {
    return this.users.getJourney(caller.tenantId, userId, query);
  }
}
