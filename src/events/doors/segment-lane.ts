import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OpenCall } from '../../audit/api-call.js';
import { ApiCallTrail } from '../../audit/api-call-trail.js';
import { AuthService } from '../../auth/auth.service.js';
import { readBasicUser } from '../../auth/credentials.js';
import { parseJson, readBytes } from '../../platform/body.js';
import { CONFIG, type Config } from '../../platform/config.js';
import type { Principal } from '../../platform/principal.js';
import { badRequest, Problem } from '../../platform/problem.js';
import { pathOf, send } from '../lane.js';
import { LaneAnswers } from '../lane-answers.js';
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
    private readonly trail: ApiCallTrail,
    private readonly answers: LaneAnswers,
    private readonly segment: SegmentService,
  ) {}

  /** Answers the request if it is one of Segment's. @returns false when it is not */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '' } = request;
    if (url.startsWith('/api/')) return false;
    const path = pathOf(url);
    const door = DOORS.get(path);
    const writeKey = door === undefined ? SETTINGS.exec(path)?.[1] : undefined;
    if (door === undefined && writeKey === undefined) return false;
    if (method !== 'OPTIONS' && method !== (door === undefined ? 'GET' : 'POST')) return false;
    for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
    if (method === 'OPTIONS') {
      send(response, 204, { ...PREFLIGHT }, null);
      return true;
    }
    const call = this.trail.callOf(request);
    if (door !== undefined) {
      call.route = path;
      const adapt = (problem: Problem) => inSegmentsWords(problem, response);
      void this.answers.answer(call, response, 200, () => this.accept(door, call, response), adapt);
    } else if (writeKey !== undefined) {
      call.route = '/v1/projects/:writeKey/settings';
      call.path = '/v1/projects/[write key]/settings';
      response.setHeader('Cache-Control', 'no-store');
      void this.answers.answer(call, response, 200, async () => segmentSettings(writeKey, this.auth.originOf(request)));
    }
    return true;
  }

  private async accept(door: Door, call: OpenCall, response: ServerResponse): Promise<unknown> {
    const { principal, body } = await this.open(call.request, (caller) => this.answers.admit(caller, call, response));
    return door === 'batch'
      ? this.segment.acceptBatch(principal, body, call)
      : this.segment.acceptOne(principal, door, body, call);
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
          ? await this.auth.authenticate(request, 'track')
          : await this.auth.authenticateWith(user, request, 'track');
      await onPrincipal(principal);
      return { principal, body: await this.read(request) };
    }
    const body = await this.read(request);
    const key = (body as { writeKey?: unknown }).writeKey;
    const principal =
      typeof key === 'string' && key !== ''
        ? await this.auth.authenticateWith(key, request, 'track')
        : await this.auth.authenticate(request, 'track');
    await onPrincipal(principal);
    return { principal, body };
  }

  /** JSON, whatever the Content-Type: browsers say text/plain, because that needs no preflight. */
  private async read(request: IncomingMessage): Promise<object> {
    const body = parseJson(await readBytes(request, this.config.MAX_BODY_BYTES));
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      throw badRequest('The body must be a JSON object.');
    }
    return body;
  }
}

/**
 * SDKs throw a batch away for good on 400 only, and send it again on most others: what can never succeed is 400 here.
 * They read `code` and `message`, and some the header X-RateLimit-Reset, which gets the seconds of Retry-After.
 */
function inSegmentsWords(problem: Problem, response: ServerResponse): Problem {
  const status = [413, 415, 422].includes(problem.status) ? 400 : problem.status;
  const { retryAfterSeconds } = problem.extras;
  if (status === 429 && retryAfterSeconds !== undefined) response.setHeader('X-RateLimit-Reset', retryAfterSeconds);
  const code = CODES[status] ?? 'internal_error';
  const members = { success: false, ...problem.extras.members, code, message: problem.detail };
  return new Problem(status, problem.detail, { ...problem.extras, members });
}
