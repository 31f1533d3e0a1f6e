import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { AsOfInterceptor } from '../../platform/http/as-of.interceptor.js';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { PageQuery } from '../../platform/http/query.dto.js';
import {
  CreateFunnelDto,
  FunnelQueryDto,
  FunnelResponse,
  FunnelResultQuery,
  SavedFunnelPage,
  SavedFunnelResponse,
} from './funnels.dto.js';
import { FunnelsService } from './funnels.service.js';

@ApiTags('Funnels')
@Controller('analytics')
@RequireScope('read')
@UseInterceptors(AsOfInterceptor)
export class FunnelsController {
  constructor(private readonly funnels: FunnelsService) {}

  /**
   * How many users took the steps in order: per user the deepest chain in which each step is later than the one before
   * and within window_s of the first. Of several such chains the earliest, each step as early as possible.
   */
  @Post('funnel')
  @HttpCode(200)
  @ApiOkResponse({ type: FunnelResponse })
  queryFunnel(@Caller() caller: Principal, @Body() query: FunnelQueryDto): Promise<FunnelResponse> {
    return this.funnels.query(caller.tenantId, query);
  }

  /** Keeps a funnel under a name. The newest one is shown on the dashboard. */
  @Post('funnels')
  @RequireScope('write')
  @ApiCreatedResponse({ type: SavedFunnelResponse })
  createFunnel(@Caller() caller: Principal, @Body() funnel: CreateFunnelDto): Promise<SavedFunnelResponse> {
    return this.funnels.create(caller, funnel);
  }

  /** Saved funnels, newest first. */
  @Get('funnels')
  @ApiOkResponse({ type: SavedFunnelPage })
  listFunnels(@Caller() caller: Principal, @Query() query: PageQuery): Promise<SavedFunnelPage> {
    return this.funnels.list(caller.tenantId, query.limit, query.cursor);
  }

  /** One saved funnel. */
  @Get('funnels/:id')
  @ApiOkResponse({ type: SavedFunnelResponse })
  getFunnel(@Caller() caller: Principal, @Param('id') id: string): Promise<SavedFunnelResponse> {
    return this.funnels.get(caller.tenantId, id);
  }

  /** The result of a saved funnel for a time range. */
  @Get('funnels/:id/result')
  @ApiOkResponse({ type: FunnelResponse })
  getFunnelResult(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() query: FunnelResultQuery,
  ): Promise<FunnelResponse> {
    return this.funnels.getResult(caller.tenantId, id, query);
  }

  /** Deletes a saved funnel. */
  @Delete('funnels/:id')
  @HttpCode(204)
  @RequireScope('write')
  @ApiNoContentResponse()
  deleteFunnel(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.funnels.delete(caller, id);
  }
}
