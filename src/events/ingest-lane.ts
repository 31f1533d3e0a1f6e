import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OpenCall } from '../audit/api-call.js';
import { ApiCallTrail } from '../audit/api-call-trail.js';
import { AuthService } from '../auth/auth.service.js';
import { RateLimiter } from '../auth/rate-limiter.js';
import { limitHeaders, takeRequest } from '../auth/request-limit.js';
import { readJsonBody } from '../platform/body.js';
import { CONFIG, type Config } from '../platform/config.js';
import type { Principal } from '../platform/principal.js';
import { problemAnswer } from '../platform/problem.filter.js';
import { requestId } from '../platform/request-id.js';
import { EventsService } from './events.service.js';

type Accept = (principal: Principal, body: unknown, call: OpenCall) => Promise<unknown>;

/**
 * The hot routes, answered straight from node:http. Express and Nest spend about 150 µs on a request before a controller
 * sees it, seven times what node:http does; these three routes need none of it. Same guard, same service, same errors.
 */
@Injectable()
export class IngestLane {
  private readonly routes: ReadonlyMap<string, Accept>;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly auth: AuthService,
    private readonly limiter: RateLimiter,
    private readonly trail: ApiCallTrail,
    events: EventsService,
  ) {
    const ingest: Accept = (principal, body, call) => {
      const key = call.request.headers['idempotency-key'];
      return events.ingest(principal, body, typeof key === 'string' ? key : undefined, call);
    };
    this.routes = new Map([
      ['/api/v1/events', ingest],
      ['/api/v1/events/ingest', ingest],
      ['/api/v1/events/batch', (principal, body, call) => events.ingestBatch(principal, body, call)],
    ]);
  }

  /** Answers the request if it is one of the lane's. @returns false when it is not */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'POST') return false;
    const route = pathOf(request.url ?? '');
    const accept = this.routes.get(route);
    if (accept === undefined) return false;
    const call = this.trail.callOf(request);
    call.route = route;
    void this.answer(accept, call, response); // never rejects
    return true;
  }

  private async answer(accept: Accept, call: OpenCall, response: ServerResponse): Promise<void> {
    const { request } = call;
    const id = requestId(request);
    response.setHeader('X-Request-Id', id);
    try {
      const principal = await this.auth.authenticate(request, 'write');
      call.principal = principal;
      await takeRequest(this.limiter, principal, (state) => {
        for (const [name, value] of limitHeaders(principal.rateLimit, state)) response.setHeader(name, value);
      });
      const result = JSON.stringify(
        await accept(principal, await readJsonBody(request, this.config.MAX_BODY_BYTES), call),
      );
      this.trail.finish(call, 202, Buffer.byteLength(result), null);
      send(response, 202, { 'Content-Type': 'application/json; charset=utf-8' }, result);
    } catch (error) {
      const { status, headers, body, detail } = problemAnswer(error, request.url ?? '', id);
      // A body that was not read to its end would be taken for the next request.
      if (!request.complete) headers['Connection'] = 'close';
      this.trail.finish(call, status, Buffer.byteLength(body), detail);
      send(response, status, headers, body);
    }
  }
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
  if (response.destroyed || response.headersSent) return;
  headers['X-Content-Type-Options'] = 'nosniff';
  headers['Content-Length'] = String(Buffer.byteLength(body));
  response.writeHead(status, headers).end(body);
}

/** Path without query and without a slash at the end. */
function pathOf(url: string): string {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
