import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OpenCall } from '../../audit/api-call.js';
import { ApiCallTrail } from '../../audit/api-call-trail.js';
import { AuthService } from '../../auth/auth.service.js';
import { readBasicUser } from '../../auth/credentials.js';
import { RateLimiter } from '../../auth/rate-limiter.js';
import { limitHeaders, takeRequest } from '../../auth/request-limit.js';
import { parseJson, passBodyBy, readBytes } from '../../platform/body.js';
import { CONFIG, type Config } from '../../platform/config.js';
import type { Principal } from '../../platform/principal.js';
import { badRequest, Problem } from '../../platform/problem.js';
import { problemAnswer } from '../../platform/problem.filter.js';
import { requestId } from '../../platform/request-id.js';
import { JSON_TYPE, pathOf, send } from '../lane.js';
import { SEGMENT_CALLS, type SegmentCall } from './segment-message.js';
import { SegmentService } from './segment.service.js';
import { segmentSettings } from './segment-settings.js';

type Door = SegmentCall | 'batch';

/** Long names for servers, first letters for browsers and phones, which may be told a host with or without `/v1`. */
const DOORS: ReadonlyMap<string, Door> = new Map(
  [...SEGMENT_CALLS, 'batch' as const].flatMap((door): [string, Door][] => [
    [`/v1/${door}`, door],
    [`/v1/${door[0]}`, door],
    [`/${door[0]}`, door],
  ]),
);

const SETTINGS = /^(?:\/v1)?\/projects\/([^/]{1,512})\/settings$/;

/** Any origin: a write key stands in the page for everybody to read, and opens nothing but the door to write. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'Retry-After, X-RateLimit-Reset, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id',
};

const PREFLIGHT = {
  'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
  // The wildcard does not cover Authorization.
  'Access-Control-Allow-Headers': 'Authorization, Content-Type, Content-Encoding, X-API-Key, X-Retry-Count, *',
  'Access-Control-Max-Age': '86400',
};

const CODES: Record<number, string> = {
  400: 'invalid_request',
  401: 'invalid_credentials',
  403: 'forbidden',
  429: 'rate_limited',
  503: 'unavailable',
};

/** The routes of Segment's tracking API, in front of Express like those of the ingest lane. */
@Injectable()
export class SegmentLane {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly auth: AuthService,
    private readonly limiter: RateLimiter,
    private readonly trail: ApiCallTrail,
    private readonly segment: SegmentService,
  ) {}

  /** Answers the request if it is one of Segment's. @returns false when it is not */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '' } = request;
    if (url.startsWith('/api/')) return false;
    const path = pathOf(url);
    const door = DOORS.get(path);
    const isSettings = door === undefined && SETTINGS.test(path);
    if (door === undefined && !isSettings) return false;
    if (method === 'OPTIONS') {
      send(response, 204, { ...CORS, ...PREFLIGHT }, null);
      return true;
    }
    if (method !== (isSettings ? 'GET' : 'POST')) return false;
    const call = this.trail.callOf(request);
    call.route = isSettings ? '/v1/projects/:writeKey/settings' : path;
    if (door === undefined) this.answerSettings(call, response);
    else void this.answer(door, call, response); // never rejects
    return true;
  }

  private async answer(door: Door, call: OpenCall, response: ServerResponse): Promise<void> {
    const { request } = call;
    const id = requestId(request);
    response.setHeader('X-Request-Id', id);
    try {
      const { principal, body } = await this.open(request, (caller) => this.limit(caller, call, response));
      const result = JSON.stringify(
        door === 'batch'
          ? await this.segment.acceptBatch(principal, body, call)
          : await this.segment.acceptOne(principal, door, body, call),
      );
      this.trail.finish(call, 200, Buffer.byteLength(result), null);
      send(response, 200, { ...CORS, 'Content-Type': JSON_TYPE }, result);
    } catch (error) {
      const { status, headers, body, detail } = problemAnswer(error, request.url ?? '', id, inSegmentsWords);
      if (status === 429 && headers['Retry-After'] !== undefined) headers['X-RateLimit-Reset'] = headers['Retry-After'];
      if (!passBodyBy(request)) headers['Connection'] = 'close';
      this.trail.finish(call, status, Buffer.byteLength(body), detail);
      send(response, status, { ...headers, ...CORS }, body);
    }
  }

  /** A credential in a header is checked before the body is read; only without one does the body's write key count. */
  private async open(
    request: IncomingMessage,
    onPrincipal: (principal: Principal) => Promise<void>,
  ): Promise<{ principal: Principal; body: unknown }> {
    const user = readBasicUser(request);
    if (user !== null || this.auth.hasCredential(request)) {
      const principal =
        user === null
          ? await this.auth.authenticate(request, 'write')
          : await this.auth.authenticateWith(user, request, 'write');
      await onPrincipal(principal);
      return { principal, body: await this.read(request) };
    }
    const body = await this.read(request);
    const key = (body as { writeKey?: unknown }).writeKey;
    const principal =
      typeof key === 'string' && key !== ''
        ? await this.auth.authenticateWith(key, request, 'write')
        : await this.auth.authenticate(request, 'write');
    await onPrincipal(principal);
    return { principal, body };
  }

  private async limit(principal: Principal, call: OpenCall, response: ServerResponse): Promise<void> {
    call.principal = principal;
    await takeRequest(this.limiter, principal, (state) => {
      for (const [name, value] of limitHeaders(principal.rateLimit, state)) response.setHeader(name, value);
    });
  }

  /** JSON, whatever the Content-Type: browsers say text/plain, because that needs no preflight. */
  private async read(request: IncomingMessage): Promise<object> {
    const body = parseJson(await readBytes(request, this.config.MAX_BODY_BYTES));
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw badRequest('The body must be a JSON object.');
    }
    return body;
  }

  private answerSettings(call: OpenCall, response: ServerResponse): void {
    const { request } = call;
    const key = SETTINGS.exec(pathOf(request.url ?? ''))?.[1] ?? '';
    call.path = '/v1/projects/[write key]/settings';
    const body = JSON.stringify(segmentSettings(key, this.auth.originOf(request)));
    response.setHeader('X-Request-Id', requestId(request));
    this.trail.finish(call, 200, Buffer.byteLength(body), null);
    send(response, 200, { ...CORS, 'Content-Type': JSON_TYPE, 'Cache-Control': 'no-store' }, body);
  }
}

/**
 * SDKs throw a batch away for good on 400 only, and send it again on most others: what can never succeed is 400 here.
 * They read `code` and `message`.
 */
function inSegmentsWords(problem: Problem): Problem {
  const status = [413, 415, 422].includes(problem.status) ? 400 : problem.status;
  const code = CODES[status] ?? 'internal_error';
  const members = { success: false, ...problem.extras.members, code, message: problem.detail };
  return new Problem(status, problem.detail, { ...problem.extras, members });
}
