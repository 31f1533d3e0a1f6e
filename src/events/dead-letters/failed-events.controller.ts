import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBadRequestResponse, ApiBody, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Page } from '../../platform/http/cursor.js';
import type { Principal } from '../../platform/http/principal.js';
import {
  FailedEventPage,
  FailedEventResponse,
  ListFailedQuery,
  RetriedAllResponse,
  RetriedResponse,
  RetryFailedDto,
  RetryOneDto,
} from './failed-events.dto.js';
import { FailedEventsService } from './failed-events.service.js';

/** Dead letters: events that are stored and could not be processed. */
@ApiTags('Failed events')
@Controller('events/failed')
@RequireScope('admin')
export class FailedEventsController {
  constructor(private readonly failed: FailedEventsService) {}

  /** Failed events, newest first. */
  @Get()
  @ApiOkResponse({ type: FailedEventPage })
  listFailedEvents(@Caller() caller: Principal, @Query() query: ListFailedQuery): Promise<Page<FailedEventResponse>> {
    return this.failed.list(caller, query);
  }

  /** One failed event, and why it failed. */
  @Get(':id')
  @ApiOkResponse({ type: FailedEventResponse })
  getFailedEvent(@Caller() caller: Principal, @Param('id') id: string): Promise<FailedEventResponse> {
    return this.failed.get(caller, id);
  }

  /** Retries all failed events that match, dead ones too; an empty body means all of them. Safe to repeat. */
  @Post('retry')
  @HttpCode(200)
  @ApiBody({ type: RetryFailedDto, required: false })
  @ApiOkResponse({ type: RetriedAllResponse })
  retryFailedEvents(@Caller() caller: Principal, @Body() body: RetryFailedDto): Promise<RetriedAllResponse> {
    return this.failed.retryMany(caller, body);
  }

  /** Retries one failed event, dead or not, with another payload if one is given. Safe to repeat. */
  @Post(':id/retry')
  @HttpCode(200)
  @ApiBody({ type: RetryOneDto, required: false })
  @ApiOkResponse({ type: RetriedResponse })
  @ApiBadRequestResponse({ description: 'The new payload does not fit the schema; nothing was changed.' })
  retryFailedEvent(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() body: RetryOneDto,
  ): Promise<RetriedResponse> {
    return this.failed.retryOne(caller, id, body.payload);
  }

  /** Gives a failed event up: it leaves this queue for good and stays stored, as failed. */
  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  discardFailedEvent(@Caller() caller: Principal, @Param('id') id: string): Promise<void> {
    return this.failed.discard(caller, id);
  }
}
