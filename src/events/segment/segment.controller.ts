import {
  applyDecorators,
  Body,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  Header,
  Headers,
  HttpCode,
  Param,
  Post,
  Req,
} from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBasicAuth,
  ApiBody,
  ApiDefaultResponse,
  ApiExcludeEndpoint,
  ApiHeader,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { IncomingMessage } from 'node:http';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { CurrentCall } from '../../audit/call-log/current-call.js';
import { AuthenticateWith } from '../../auth/auth.guard.js';
import { AuthService } from '../../auth/auth.service.js';
import { Caller, Public, RequireScope } from '../../platform/http/access.js';
import { ReadBodyWith } from '../../platform/http/body/body.interceptor.js';
import { AtAddress, FastPath } from '../../platform/http/fast-path.js';
import type { Principal } from '../../platform/http/principal.js';
import { authenticateSegment, inSegmentsWords, readSegmentBody } from './segment-request.js';
import { segmentSettings } from './segment-settings.js';
import {
  SEGMENT_CALLS,
  SegmentBatchDto,
  type SegmentCall,
  SegmentMessageDto,
  SegmentRefusal,
  SegmentResponse,
  SegmentTrackDto,
} from './segment.dto.js';
import { SegmentService } from './segment.service.js';

/** First letters are for browsers and phones, which may be told a host with or without `/v1`. */
const shortPaths = (call: string) => [`v1/${call[0]}`, `${call[0]}`];
const TRACK = 'v1/track';
const CALLS = SEGMENT_CALLS.filter((call) => call !== 'track').map((call) => `v1/${call}`);
const SHORT_CALLS = SEGMENT_CALLS.flatMap(shortPaths);
const BATCH = 'v1/batch';
const SHORT_BATCH = shortPaths('batch');
const SETTINGS = ['v1/projects/:writeKey/settings', 'projects/:writeKey/settings'];

/** Segment's SDKs have these addresses built in, so nothing stands in front of them. */
export const SEGMENT_PATHS = [TRACK, ...CALLS, ...SHORT_CALLS, BATCH, ...SHORT_BATCH, ...SETTINGS];

/** A route that takes messages of Segment's SDKs as they send them. */
const SegmentRoute = (paths: string | string[]) =>
  applyDecorators(
    Post(paths),
    FastPath(),
    AtAddress({ anyOrigin: true, adaptProblem: inSegmentsWords }),
    HttpCode(200),
    RequireScope('track'),
    AuthenticateWith(authenticateSegment),
    ReadBodyWith(readSegmentBody),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: 'Stands for messageId: of each message of a batch, by its place.',
    }),
    ApiBasicAuth('write_key'),
    ApiDefaultResponse({ type: SegmentRefusal }),
  );

/** The call that the address names, by its name or its first letter. */
const CalledAs = createParamDecorator((_data: unknown, context: ExecutionContext): SegmentCall => {
  const { url = '' } = context.switchToHttp().getRequest<IncomingMessage>();
  const letter = /^(?:\/v1)?\/(\w)/i.exec(url)?.[1]?.toLowerCase();
  return SEGMENT_CALLS.find((call) => call[0] === letter)!; // no other address is routed here
});

/** Segment's tracking API. */
@ApiTags('Segment')
@Controller()
export class SegmentController {
  constructor(
    private readonly segment: SegmentService,
    private readonly auth: AuthService,
  ) {}

  /** Takes a batch from a Segment SDK (`/v1/b` too). The write key may be Basic user name, Bearer or in the body. */
  @SegmentRoute(BATCH)
  @ApiBody({ type: SegmentBatchDto })
  @ApiOkResponse({ type: SegmentResponse })
  @ApiBadRequestResponse({ description: 'No message is valid; errors name the fields. Only 400 is final.' })
  sendSegmentBatch(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<SegmentResponse> {
    return this.segment.acceptBatch(caller, body, idempotencyKey, call);
  }

  @SegmentRoute(SHORT_BATCH)
  @ApiExcludeEndpoint()
  acceptBatchAtShortAddress(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<SegmentResponse> {
    return this.segment.acceptBatch(caller, body, idempotencyKey, call);
  }

  /** Takes one event from a Segment SDK (`/v1/t` too). */
  @SegmentRoute(TRACK)
  @ApiBody({ type: SegmentTrackDto })
  @ApiOkResponse({ type: SegmentResponse })
  @ApiBadRequestResponse({ description: 'The message is not valid; errors name the fields.' })
  sendSegmentTrack(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<SegmentResponse> {
    return this.segment.acceptOne(caller, 'track', body, idempotencyKey, call);
  }

  /** Takes one message from a Segment SDK; `/v1/p`, `/v1/i` and so on mean the same. */
  @SegmentRoute(CALLS)
  @ApiBody({ type: SegmentMessageDto })
  @ApiOkResponse({ type: SegmentResponse })
  @ApiBadRequestResponse({ description: 'The message is not valid; errors name the field.' })
  sendSegment(
    @Caller() caller: Principal,
    @CalledAs() calledAs: SegmentCall,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<SegmentResponse> {
    return this.segment.acceptOne(caller, calledAs, body, idempotencyKey, call);
  }

  @SegmentRoute(SHORT_CALLS)
  @ApiExcludeEndpoint()
  acceptOneAtShortAddress(
    @Caller() caller: Principal,
    @CalledAs() calledAs: SegmentCall,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<SegmentResponse> {
    return this.segment.acceptOne(caller, calledAs, body, idempotencyKey, call);
  }

  @Get(SETTINGS)
  @Public()
  @AtAddress({
    anyOrigin: true,
    adaptProblem: inSegmentsWords,
    loggedPath: '/v1/projects/[write key]/settings',
  })
  @Header('Cache-Control', 'no-store')
  @ApiExcludeEndpoint()
  settings(@Param('writeKey') writeKey: string, @Req() request: IncomingMessage): object {
    return segmentSettings(writeKey, this.auth.originOf(request));
  }
}
