import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { OpenCall } from '../../audit/call-log/api-call.js';
import { CallLog } from '../../audit/call-log/call-log.js';
import { AuthService } from '../../auth/auth.service.js';
import { readBasicUser } from '../../auth/credentials.js';
import { readBytes, requireCharset } from '../../platform/http/body/body.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { ANY_ORIGIN, CorsPolicy } from '../../platform/http/cors.js';
import { parseJson } from '../../platform/http/body/json.js';
import { findMemberText } from '../../platform/http/body/json-scan.js';
import type { Principal } from '../../platform/http/principal.js';
import { badRequest, methodNotAllowed, Problem } from '../../platform/http/problem.js';
import { pathOf } from '../ingest/fast-path.js';
import { FastPathAnswers } from '../ingest/fast-path-answers.js';
import { SEGMENT_CALLS, type SegmentCall } from './segment.dto.js';
import { SegmentService } from './segment.service.js';
import { segmentSettings } from './segment-settings.js';

type SegmentRoute = SegmentCall | 'batch';

/** Long names for servers, first letters for browsers and phones, which may be told a host with or without `/v1`. */
const CALLS_BY_PATH: ReadonlyMap<string, SegmentRoute> = new Map(
  [...SEGMENT_CALLS, 'batch' as const].flatMap((segmentRoute): [string, SegmentRoute][] => [
    [`/v1/${segmentRoute}`, segmentRoute],
    [`/v1/${segmentRoute[0]}`, segmentRoute],
    [`/${segmentRoute[0]}`, segmentRoute],
  ]),
);

const SETTINGS = /^(?:\/v1)?\/projects\/([^/]{1,512})\/settings$/i;

/** What may be inflated and looked through for a key; SDKs fill a batch to 500 KB. */
const KEYLESS = { maxBytes: 524_288, freeBytes: 65_536 };

const CODES: Record<number, string> = {
  400: 'invalid_request',
  401: 'invalid_credentials',
  403: 'forbidden',
  405: 'method_not_allowed',
  429: 'rate_limited',
  503: 'unavailable',
};

/** The routes of Segment's tracking API, in front of Express like those of the ingest fast path. */
@Injectable()
export class SegmentFastPath {
  /** Any origin: a write key stands in the page for everybody to read, and opens only the routes that take events. */
  private readonly cors: CorsPolicy;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly auth: AuthService,
    private readonly callLog: CallLog,
    private readonly answers: FastPathAnswers,
    private readonly segment: SegmentService,
  ) {
    this.cors = new CorsPolicy([ANY_ORIGIN], config.API_KEY_HEADERS);
  }

  /** Answers the request if it is one of Segment's. @returns false when it is not */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '' } = request;
    if (url.startsWith('/api/')) return false;
    const path = pathOf(url);
    const route = path.toLowerCase();
    const segmentRoute = CALLS_BY_PATH.get(route);
    const writeKey = segmentRoute === undefined ? SETTINGS.exec(path)?.[1] : undefined;
    if (segmentRoute === undefined && writeKey === undefined) return false;
    this.cors.setHeaders(request, response);
    const methods = segmentRoute === undefined ? 'GET, HEAD, OPTIONS' : 'OPTIONS, POST';
    if (method === 'OPTIONS') {
      response.setHeader('Allow', methods);
      this.cors.answerPreflight(response);
      return true;
    }
    const call = this.callLog.callOf(request);
    if (segmentRoute !== undefined) call.route = route;
    else {
      call.route = '/v1/projects/:writeKey/settings';
      call.path = '/v1/projects/[write key]/settings';
      response.setHeader('Cache-Control', 'no-store');
    }
    const work = async () => {
      if (!methods.split(', ').includes(method ?? '')) throw methodNotAllowed(method ?? '', methods);
      return segmentRoute === undefined
        ? segmentSettings(writeKey ?? '', this.auth.originOf(request))
        : this.accept(segmentRoute, call, response);
    };
    void this.answers.answer(call, response, 200, work, (problem) => inSegmentsWords(problem, response));
    return true;
  }

  private async accept(segmentRoute: SegmentRoute, call: OpenCall, response: ServerResponse): Promise<unknown> {
    const { principal, body } = await this.open(call.request, (caller) => this.answers.admit(caller, call, response));
    return segmentRoute === 'batch'
      ? this.segment.acceptBatch(principal, body, call)
      : this.segment.acceptOne(principal, segmentRoute, body, call);
  }

  /** A credential in a header is checked before the body is read; only without one does the body's write key count. */
  private async open(
    request: IncomingMessage,
    onPrincipal: (principal: Principal) => Promise<void>,
  ): Promise<{ principal: Principal; body: unknown }> {
    const user = readBasicUser(request);
    if (user === null && !this.auth.hasCredential(request)) return this.openByBody(request, onPrincipal);
    const principal =
      user === null
        ? await this.auth.authenticate(request, 'track')
        : await this.auth.authenticateWith(user, request, 'track');
    await onPrincipal(principal);
    const bytes = await this.read(request, { maxBytes: this.config.MAX_BODY_BYTES });
    return { principal, body: await parse(bytes) };
  }

  /** The key is found in the bytes and checked; only then is the rest looked at. */
  private async openByBody(
    request: IncomingMessage,
    onPrincipal: (principal: Principal) => Promise<void>,
  ): Promise<{ principal: Principal; body: unknown }> {
    const bytes = await this.read(request, KEYLESS).catch((error: unknown) => {
      this.auth.noteFailure(request);
      throw error;
    });
    const key = findMemberText(bytes, 'writeKey');
    const principal =
      key === null || key === ''
        ? await this.auth.authenticate(request, 'track')
        : await this.auth.authenticateWith(key, request, 'track');
    await onPrincipal(principal);
    return { principal, body: await parse(bytes) };
  }

  /** Whatever the media type: browsers say text/plain, because that needs no preflight. */
  private async read(request: IncomingMessage, limits: { maxBytes: number; freeBytes?: number }): Promise<Buffer> {
    requireCharset(request, 'application/json');
    return readBytes(request, limits.maxBytes, limits.freeBytes);
  }
}

async function parse(bytes: Buffer): Promise<object> {
  const body = await parseJson(bytes);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('The body must be a JSON object.');
  }
  return body;
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
