import { Inject, Injectable } from '@nestjs/common';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { readBytes, requireMediaType } from '../../platform/http/body/body.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { fairMap } from '../../platform/http/fair-map.js';
import { parseJson } from '../../platform/http/body/json.js';
import type { Principal } from '../../platform/http/principal.js';
import { badRequest, tooLarge } from '../../platform/http/problem.js';
import type { BatchResponse, IngestedResponse } from '../ingest/events.dto.js';
import { EventsService } from '../ingest/events.service.js';
import { fromHeaders, isFieldError, mediaType, parseCloudEvent, toAttributePath } from './cloud-event.js';

const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';
const MARKS = ['ce-specversion', 'ce-id', 'ce-source', 'ce-type'];

/** CloudEvents 1.0 over HTTP: structured, batched and binary mode. */
@Injectable()
export class CloudEventsService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly events: EventsService,
  ) {}

  /** Whether a request to POST /events carries CloudEvents. */
  isMeant(headers: IncomingHttpHeaders): boolean {
    return (
      headers['content-type']?.slice(0, 23).toLowerCase() === 'application/cloudevents' ||
      MARKS.some((name) => headers[name] !== undefined)
    );
  }

  /** @throws Problem 400 naming what is missing or wrong */
  async accept(
    principal: Principal,
    request: IncomingMessage,
    call?: OpenCall,
  ): Promise<IngestedResponse | BatchResponse> {
    const type = mediaType(request.headers['content-type']);
    if (type.startsWith('application/cloudevents')) {
      requireMediaType(request, /^application\/cloudevents(-batch)?\+json *(;|$)/i, STRUCTURED);
      const body = await parseJson(await readBytes(request, this.config.MAX_BODY_BYTES));
      if (type === BATCH) return this.acceptBatch(principal, body, call);
      return this.events.ingestParsed(principal, parseCloudEvent(body, principal), call, toAttributePath);
    }
    const attributes = fromHeaders(request.headers, await readBytes(request, this.config.MAX_BODY_BYTES));
    const event = isFieldError(attributes) ? attributes : parseCloudEvent(attributes, principal);
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
