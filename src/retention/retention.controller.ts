import { Body, Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../platform/http/access.js';
import type { Principal } from '../platform/http/principal.js';
import { PageQuery } from '../platform/http/query.dto.js';
import { HoldsService } from './holds.service.js';
import { PoliciesService } from './policies.service.js';
import {
  HoldPage,
  HoldResponse,
  PolicyList,
  RunPage,
  RunsQuery,
  SetHoldDto,
  SetPolicyDto,
  StorageResponse,
} from './retention.dto.js';
import { RunsService } from './runs.service.js';
import { StorageService } from './storage/storage.service.js';

@ApiTags('Retention')
@Controller('retention')
@RequireScope('admin')
export class RetentionController {
  constructor(
    private readonly policies: PoliciesService,
    private readonly holds: HoldsService,
    private readonly runs: RunsService,
    private readonly storage: StorageService,
  ) {}

  /** For how many days events and audit entries are kept. */
  @Get('policies')
  @ApiOkResponse({ type: PolicyList })
  listRetentionPolicies(@Caller() caller: Principal): Promise<PolicyList> {
    return this.policies.list(caller.tenantId);
  }

  /** Sets for how many days events or audit entries are kept. The next run goes by it. */
  @Put('policies')
  @ApiOkResponse({ type: PolicyList })
  setRetentionPolicy(@Caller() caller: Principal, @Body() body: SetPolicyDto): Promise<PolicyList> {
    return this.policies.set(caller, body);
  }

  /** Legal holds, newest first, released ones too. */
  @Get('holds')
  @ApiOkResponse({ type: HoldPage })
  listLegalHolds(@Caller() caller: Principal, @Query() { limit, cursor }: PageQuery): Promise<HoldPage> {
    return this.holds.list(caller.tenantId, limit, cursor);
  }

  /** Orders a legal hold: what it covers is not removed, cleaned up or erased until it is released. */
  @Put('holds')
  @ApiOkResponse({ type: HoldResponse })
  orderLegalHold(@Caller() caller: Principal, @Body() body: SetHoldDto): Promise<HoldResponse> {
    return this.holds.order(caller, body);
  }

  /** Releases a legal hold. */
  @Delete('holds/:id')
  @ApiOkResponse({ type: HoldResponse })
  releaseLegalHold(@Caller() caller: Principal, @Param('id') id: string): Promise<HoldResponse> {
    return this.holds.release(caller, id);
  }

  /** Runs of the scheduled tasks, newest first: when each was due, began and ended, and what it removed. */
  @Get('runs')
  @RequireScope('platform')
  @ApiOkResponse({ type: RunPage })
  listTaskRuns(@Query() query: RunsQuery): Promise<RunPage> {
    return this.runs.list(query);
  }

  /** What the tables take on disk, by month, and for how long there is room. */
  @Get('storage')
  @RequireScope('platform')
  @ApiOkResponse({ type: StorageResponse })
  getStorage(): Promise<StorageResponse> {
    return this.storage.measure();
  }
}
