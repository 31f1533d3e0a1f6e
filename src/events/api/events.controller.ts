import { applyDecorators, Body, Controller, Get, Headers, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadRequestResponse,
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  type ApiResponseNoStatusOptions,
  ApiTags,
  ApiUnprocessableEntityResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { CurrentCall } from '../../audit/call-log/current-call.js';
import { AlsoTakes } from '../../platform/http/also-takes.js';
import { Caller, RequireScope } from '../../platform/http/access.js';
import { ReadBodyWith } from '../../platform/http/body/body.interceptor.js';
import { readJsonBody } from '../../platform/http/body/body.js';
import { FastPath } from '../../platform/http/fast-path.js';
import type { Principal } from '../../platform/http/principal.js';
import { CloudEventDto } from '../cloudevents/cloud-event.dto.js';
import { CloudEventsBody, CloudEventsService, readEventOrCloudEvents } from '../cloudevents/cloud-events.service.js';
import { EnrichedResponse, EnrichEventDto } from '../enrichment/enrichment.dto.js';
import { BatchResponse, EventConflict, IngestBatchDto, IngestedResponse } from '../ingest/events.dto.js';
import { IngestEventDto } from '../parsing/event.dto.js';
import { EventPage, EventResponse, GetEventQuery, ListEventsQuery } from '../reading/events.dto.js';
import { EventEnricher } from '../enrichment/event-enricher.js';
import { EventReader } from '../reading/event-reader.js';
import { EventsService } from '../ingest/events.service.js';

/** For events that have no id of their own. */
const KEY_OF_SEVERAL =
  'Events without event_id get one from it, by their place: the same request again stores nothing twice.';

/** How the routes for one event are documented. */
const TakesOneEvent = (
  accepted: ApiResponseNoStatusOptions = { type: IngestedResponse },
  refused: ApiResponseNoStatusOptions = { description: 'The event is invalid; errors name the field.' },
) =>
  applyDecorators(
    ApiBody({ type: IngestEventDto }),
    ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same as event_id.' }),
    ApiAcceptedResponse(accepted),
    ApiBadRequestResponse(refused),
    ApiUnprocessableEntityResponse({
      type: EventConflict,
      description: 'event_id was used before with other content.',
    }),
  );

const CLOUD_EVENT = { $ref: getSchemaPath(CloudEventDto) };
const CLOUD_EVENTS = {
  'application/cloudevents+json': CLOUD_EVENT,
  'application/cloudevents-batch+json': { type: 'array', items: CLOUD_EVENT, maxItems: 1000 },
};

@ApiTags('Events')
@Controller('events')
export class EventsController {
  constructor(
    private readonly events: EventsService,
    private readonly cloudEvents: CloudEventsService,
    private readonly reader: EventReader,
    private readonly enricher: EventEnricher,
  ) {}

  /** Takes one event. The 202 means it is committed; an event whose id is there already is not stored again. */
  @Post('ingest')
  @FastPath()
  @HttpCode(202)
  @RequireScope('track')
  @ReadBodyWith(readJsonBody)
  @TakesOneEvent()
  ingestEvent(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<IngestedResponse> {
    return this.events.ingest(caller, body, idempotencyKey, call);
  }

  /**
   * Takes one event, or CloudEvents 1.0. Structured or in a batch by their media types, in binary mode by `ce-*`
   * headers. A batch is answered like that of POST /events/batch.
   */
  @Post()
  @FastPath()
  @HttpCode(202)
  @RequireScope('track')
  @ReadBodyWith(readEventOrCloudEvents)
  @TakesOneEvent(
    { schema: { oneOf: [IngestedResponse, BatchResponse].map((type) => ({ $ref: getSchemaPath(type) })) } },
    { type: BatchResponse, description: 'No event is valid; of a batch, results say what is wrong with each.' },
  )
  @AlsoTakes(CLOUD_EVENTS)
  @ApiExtraModels(CloudEventDto, IngestedResponse, BatchResponse)
  createEvent(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<IngestedResponse | BatchResponse> {
    return body instanceof CloudEventsBody
      ? this.cloudEvents.accept(caller, body, idempotencyKey, call)
      : this.events.ingest(caller, body, idempotencyKey, call);
  }

  /** Takes up to MAX_BATCH_SIZE events. One bad event does not affect the others. */
  @Post('batch')
  @FastPath()
  @HttpCode(202)
  @RequireScope('track')
  @ReadBodyWith(readJsonBody)
  @ApiBody({ type: IngestBatchDto })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: KEY_OF_SEVERAL })
  @ApiAcceptedResponse({ type: BatchResponse })
  @ApiBadRequestResponse({ type: BatchResponse, description: 'No event is valid.' })
  ingestBatch(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<BatchResponse> {
    return this.events.ingestBatch(caller, body, idempotencyKey, call);
  }

  /** Events, newest first. */
  @Get()
  @RequireScope('read')
  @ApiOkResponse({ type: EventPage })
  listEvents(@Caller() caller: Principal, @Query() query: ListEventsQuery): Promise<EventPage> {
    return this.reader.list(caller, query);
  }

  /** One event, by the id Tidemark gave it or by your own event_id. */
  @Get(':id')
  @RequireScope('read')
  @ApiOkResponse({ type: EventResponse })
  getEvent(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query() query: GetEventQuery,
  ): Promise<EventResponse> {
    return this.reader.get(caller, id, query.client_id);
  }

  /**
   * Adds properties to an event of your own client, with the scope admin to one of any client of the tenant: merged by
   * name into its enrichment. Safe to repeat. Without the scope read, only the ids are answered.
   */
  @Put(':id/enrich')
  @RequireScope('write')
  @ApiExtraModels(EventResponse, EnrichedResponse)
  @ApiOkResponse({
    schema: { anyOf: [EventResponse, EnrichedResponse].map((type) => ({ $ref: getSchemaPath(type) })) },
  })
  @ApiUnprocessableEntityResponse({ description: 'The enrichment would grow beyond 64 KiB or 1,000 names.' })
  enrichEvent(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() body: EnrichEventDto,
    @Query() query: GetEventQuery,
  ): Promise<EventResponse | EnrichedResponse> {
    return this.enricher.enrich(caller, id, body, query.client_id);
  }
}
