import { createBullBoard } from '@bull-board/api';
import { Logger } from '@nestjs/common';
import type { Queue } from 'bullmq';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { AuthService } from '../auth/auth.service.js';
import type { RateLimiter } from '../auth/limits/rate-limiter.js';
import { setLimitHeaders, takeRequest } from '../auth/limits/request-limit.js';
import { csrfToken, readSessionCookie } from '../auth/sessions/session-cookie.js';
import type { AuthenticatedRequest } from '../platform/http/access.js';
import { forbidden, Problem, unauthorized } from '../platform/http/problem.js';
import { sendProblem } from '../platform/http/problem.filter.js';
import { BoardPage } from './board-page.js';
import { WithheldJobs } from './withheld-jobs.js';

export const QUEUE_BOARD = '/queues';

/** Everything is from this server. The board sets styles by script, and shows pictures that are in them. */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:"],
  ...["font-src 'self'", "connect-src 'self'", "base-uri 'self'", "form-action 'none'", "frame-ancestors 'none'"],
].join('; ');

/** What an operator may do. Jobs are made by Tidemark alone, and what they carry is not changed. */
const ACTS = /^\/api\/queues\/(?:[^/]+\/){0,2}(?:retry|promote|clean|pause|resume|empty)(?:\/[^/]+)?$/;

const READS = ['GET', 'HEAD'];

interface BoardOptions {
  queues: readonly Queue[];
  auth: AuthService;
  limiter: RateLimiter;
}

/**
 * The queues, for platform keys and for people who signed in at the dashboard with one. It stands outside of Nest's
 * routes, so it asks for the credential itself.
 */
export function serveQueueBoard({ queues, auth, limiter }: BoardOptions): RequestHandler {
  const logger = new Logger('QueueBoard');
  const page = new BoardPage(QUEUE_BOARD);
  createBullBoard({
    queues: queues.map((queue) => new WithheldJobs(queue)),
    serverAdapter: page,
    options: { uiConfig: { boardTitle: 'Tidemark queues', hideRedisDetails: true } },
  });
  const board = page.getRouter() as RequestHandler;
  return (request: AuthenticatedRequest, response: Response, next: NextFunction): void => {
    response.setHeader('Content-Security-Policy', POLICY);
    response.setHeader('Cache-Control', request.path.startsWith('/static/') ? 'private, max-age=3600' : 'no-store');
    const enter = async () => {
      useCsrfHeaderOfBoard(request);
      const principal = (request.principal = await auth.authenticate(request, 'platform').catch(explain));
      await takeRequest(limiter, principal, (state) => setLimitHeaders(response, state));
      if (READS.includes(request.method)) return tellCsrfToken(request, response);
      if (!ACTS.test(request.path))
        throw forbidden(
          'Tidemark alone makes and changes jobs; the board retries, promotes, cleans, pauses and resumes.',
        );
      logger.log(`${request.method} ${QUEUE_BOARD}${request.path} by the key ${principal.keyId ?? principal.keyName}`);
    };
    enter().then(
      () => board(request, response, next),
      (error: unknown) => void sendProblem(error, request, response),
    );
  };
}

function explain(error: unknown): never {
  if (!(error instanceof Problem) || error.status !== 401) throw error;
  throw unauthorized(
    `${error.detail} Sign in at the dashboard (/) with a platform key, then open ${QUEUE_BOARD} again.`,
  );
}

/** The board's scripts send the value of this cookie with each write, as this header; they know no other. */
const CSRF_COOKIE = 'XSRF-TOKEN';
const CSRF_HEADER_OF_BOARD = 'x-xsrf-token';

function useCsrfHeaderOfBoard({ headers }: Request): void {
  headers['x-csrf-token'] ??= headers[CSRF_HEADER_OF_BOARD];
}

function tellCsrfToken(request: Request, response: Response): void {
  const session = readSessionCookie(request);
  if (session === null) return;
  response.append('Set-Cookie', `${CSRF_COOKIE}=${csrfToken(session)}; Path=${QUEUE_BOARD}; SameSite=Strict`);
}
