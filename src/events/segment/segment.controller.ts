import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBadRequestResponse, ApiBody, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { notFound } from '../../platform/http/problem.js';
import { SEGMENT_CALLS, SegmentBatchDto, SegmentMessageDto, SegmentResponse, SegmentTrackDto } from './segment.dto.js';
import { SegmentService } from './segment.service.js';

/** Documents the tracking API, which the Segment fast path in front of Express answers. */
@ApiTags('segment')
@Controller('v1')
export class SegmentController {
  constructor(private readonly segment: SegmentService) {}

  /** Takes a batch from a Segment SDK (`/v1/b` too). The write key, an API key, may be Basic user name, Bearer or in the body. */
  @Post('batch')
  @HttpCode(200)
  @RequireScope('track')
  @ApiBody({ type: SegmentBatchDto })
  @ApiOkResponse({ type: SegmentResponse })
  @ApiBadRequestResponse({ description: 'No message is valid; errors name the fields. Only 400 is final.' })
  acceptBatch(@Caller() caller: Principal, @Body() body: unknown): Promise<SegmentResponse> {
    return this.segment.acceptBatch(caller, body);
  }

  /** Takes one event from a Segment SDK (`/v1/t` too). */
  @Post('track')
  @HttpCode(200)
  @RequireScope('track')
  @ApiBody({ type: SegmentTrackDto })
  @ApiOkResponse({ type: SegmentResponse })
  @ApiBadRequestResponse({ description: 'The message is not valid; errors name the fields.' })
  acceptTrack(@Caller() caller: Principal, @Body() body: unknown): Promise<SegmentResponse> {
    return this.segment.acceptOne(caller, 'track', body);
  }

  /** Takes one message from a Segment SDK; `/v1/p`, `/v1/i` and so on mean the same. */
  @Post(':call')
  @HttpCode(200)
  @RequireScope('track')
  @ApiParam({ name: 'call', enum: SEGMENT_CALLS.filter((call) => call !== 'track') })
  @ApiBody({ type: SegmentMessageDto })
  @ApiOkResponse({ type: SegmentResponse })
  @ApiBadRequestResponse({ description: 'The message is not valid; errors name the field.' })
  acceptOne(@Caller() caller: Principal, @Param('call') call: string, @Body() body: unknown): Promise<SegmentResponse> {
    const known = SEGMENT_CALLS.find((name) => name === call.toLowerCase());
    if (known === undefined) throw notFound('There is nothing at this address. /docs lists every route.');
    return this.segment.acceptOne(caller, known, body);
  }
}
