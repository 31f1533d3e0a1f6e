import { Inject, Injectable } from '@nestjs/common';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { readBytes, readJsonBody, requireMediaType } from '../../platform/http/body/body.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { fairMap } from '../../platform/http/fair-map.js';
import { parseJson } from '../../platform/http/body/json.js';
import type { Principal } from '../../platform/http/principal.js';
import { badRequest, type FieldError, tooLarge } from '../../platform/http/problem.js';
import type { BatchResponse, IngestedResponse } from '../ingest/events.dto.js';
import { EventsService } from '../ingest/events.service.js';
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

/** CloudEvents 1.0 over HTTP. */
@Injectable()
export class CloudEventsService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly events: EventsService,
  ) {}

  /** @throws Problem 400 naming what is missing or wrong */
  async accept(
    principal: Principal,
    { isBatch, content, fault }: CloudEventsBody,
    call?: OpenCall,
  ): Promise<IngestedResponse | BatchResponse> {
    if (isBatch) return this.acceptBatch(principal, content, call);
    return this.events.ingestParsed(principal, fault ?? parseCloudEvent(content, principal), call, toAttributePath);
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
