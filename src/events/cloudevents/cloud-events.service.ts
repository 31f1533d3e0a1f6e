import { Inject, Injectable } from '@nestjs/common';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { readBytes, readJsonBody, requireMediaType } from '../../platform/http/body/body.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { IDEMPOTENCY_KEY, readIdempotencyKey } from '../../platform/http/idempotency-key.js';
import { fairMap } from '../../platform/http/fair-map.js';
import { parseJson } from '../../platform/http/body/json.js';
import type { Principal } from '../../platform/http/principal.js';
import { badRequest, type FieldError, tooLarge } from '../../platform/http/problem.js';
import type { BatchResponse, IngestedResponse } from '../ingest/events.dto.js';
import { EventsService } from '../ingest/events.service.js';
import type { AcceptableEvent } from '../parsing/event.js';
import { isFault } from '../parsing/event-parser.js';
import { fromHeaders, isFieldError, mediaType, parseCloudEvent, toAttributePath } from './cloud-event.js';

const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';
const MARKS = ['ce-specversion', 'ce-id', 'ce-source', 'ce-type'];

/** The body of a request that carries CloudEvents. */
export class CloudEventsBody {
  constructor(
    readonly isBatch: boolean,
    /** The attributes of one event, or an array of such, as they came. */
    readonly content: unknown,
    /** What is wrong with data beside attributes in headers. */
    readonly fault: FieldError | null = null,
  ) {}
}

/** Whether a request to POST /events carries CloudEvents. */
function isMeant(headers: IncomingHttpHeaders): boolean {
  return (
    headers['content-type']?.slice(0, 23).toLowerCase() === 'application/cloudevents' ||
    MARKS.some((name) => headers[name] !== undefined)
  );
}

/** Reads CloudEvents, in structured, batched or binary mode, as such and any other body as JSON. */
export async function readEventOrCloudEvents(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  if (!isMeant(request.headers)) return readJsonBody(request, maxBytes);
  const type = mediaType(request.headers['content-type']);
  if (type.startsWith('application/cloudevents')) {
    requireMediaType(request, /^application\/cloudevents(-batch)?\+json *(;|$)/i, STRUCTURED);
    return new CloudEventsBody(type === BATCH, await parseJson(await readBytes(request, maxBytes)));
  }
  const attributes = fromHeaders(request.headers, await readBytes(request, maxBytes));
  return isFieldError(attributes) ? new CloudEventsBody(false, {}, attributes) : new CloudEventsBody(false, attributes);
}

/** Events that are refused for something else say so. */
const isIdOf = (key: string, content: unknown, event: AcceptableEvent | FieldError) =>
  isFault(event) || key === event.eventId || key === (content as { id?: unknown }).id;

const hasItsOwnId = () =>
  badRequest('CloudEvents are known by their source and id. Leave Idempotency-Key out.', [
    { path: IDEMPOTENCY_KEY, message: 'is not the id of the CloudEvent' },
  ]);

/** CloudEvents 1.0 over HTTP. */
@Injectable()
export class CloudEventsService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly events: EventsService,
  ) {}

  /**
   * @param idempotencyKey must be the id of the event
   * @throws Problem 400 naming what is missing or wrong
   */
  async accept(
    principal: Principal,
    { isBatch, content, fault }: CloudEventsBody,
    idempotencyKey?: string,
    call?: OpenCall,
  ): Promise<IngestedResponse | BatchResponse> {
    const key = readIdempotencyKey(idempotencyKey);
    if (isBatch && key === undefined) return this.acceptBatch(principal, content, call);
    const event = fault ?? parseCloudEvent(content, principal);
    if (isBatch || (key !== undefined && !isIdOf(key, content, event))) throw hasItsOwnId();
    return this.events.ingestParsed(principal, event, call, toAttributePath);
  }

  private async acceptBatch(principal: Principal, body: unknown, call?: OpenCall): Promise<BatchResponse> {
    if (!Array.isArray(body)) throw badRequest('The body must be an array of CloudEvents.');
    const max = this.config.MAX_BATCH_SIZE;
    if (body.length > max) throw tooLarge(`The batch has ${body.length} events; send at most ${max} per request.`);
    if (body.length === 0) return { accepted: 0, duplicates: 0, conflicts: 0, rejected: 0, results: [] };
    const ownIds = body.map((item) => (item as { id?: unknown } | null)?.id);
    return this.events.ingestAllParsed(
      principal,
      () => fairMap(body as unknown[], (item) => parseCloudEvent(item, principal)),
      ownIds,
      call,
      toAttributePath,
    );
  }
}
