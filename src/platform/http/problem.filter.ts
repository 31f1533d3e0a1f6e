import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { IncomingMessage } from 'node:http';
import { passBodyBy } from './body/body.js';
import { isConnectionError, sqlState } from '../database/database.js';
import { TooManyReads } from '../database/tenant-shares.js';
import { type AdaptProblem, databaseAway, internalError, Problem } from './problem.js';
import { redact } from '../logging/redact.js';
import { requestId } from './request-id.js';
import { RequestNote } from './request-note.js';

/**
 * Turns whatever was thrown into an answer: problem+json for a request, an acknowledgement for a message on a socket.
 * The only place that writes an error body.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    if (host.getType() === 'ws') return refuseMessage(thrown, host);
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    sendProblem(thrown, request, response);
  }
}

/** What the acknowledgement of a message says that was not done. */
export interface MessageRefusal {
  ok: false;
  status: number;
  error: string;
}

interface MessageSender {
  nsp: { name: string };
  request: IncomingMessage;
}

/** Clients that asked for no acknowledgement are told nothing. */
function refuseMessage(thrown: unknown, host: ArgumentsHost): void {
  const { nsp, request } = host.switchToWs().getClient<MessageSender>();
  const { status, detail } = problemAnswer(thrown, nsp.name, requestId(request));
  const refusal: MessageRefusal = { ok: false, status, error: detail };
  const acknowledge = host.getArgs<unknown[]>().find((argument) => typeof argument === 'function');
  acknowledge?.(refusal);
}

/** Answers with a problem. What is left of the body is not waited for. @returns what was answered */
export function sendProblem(thrown: unknown, request: Request, response: Response): ProblemAnswer {
  const answer = problemAnswerTo(request, thrown);
  const { status, headers, body, detail } = answer;
  noteProblem(request, detail);
  if (response.headersSent) {
    response.destroy();
    return answer;
  }
  if (!passBodyBy(request)) headers['Connection'] = 'close';
  headers['Content-Length'] = String(Buffer.byteLength(body));
  if (!response.destroyed) response.writeHead(status, headers).end(body);
  return answer;
}

export interface ProblemAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** The sentence in the body. */
  detail: string;
}

const NOTED = new RequestNote<string>();

/** Notes the status and detail of an answer, for the call log. */
export function noteProblem(request: IncomingMessage, detail: string): void {
  NOTED.set(request, detail);
}

export function notedProblem(request: IncomingMessage): string | null {
  return NOTED.get(request) ?? null;
}

const ADAPTED = new RequestNote<AdaptProblem>();

/** What the client of this request is answered in place of a problem, whatever comes upon it. */
export function adaptProblems(request: IncomingMessage, adapt: AdaptProblem): void {
  ADAPTED.set(request, adapt);
}

/** {@link problemAnswer} to a request. Express changes `url` while it routes and keeps what came in `originalUrl`. */
export function problemAnswerTo(request: IncomingMessage & { originalUrl?: string }, thrown: unknown): ProblemAnswer {
  return problemAnswer(thrown, request.originalUrl ?? request.url ?? '/', requestId(request), ADAPTED.get(request));
}

/**
 * Status, headers and body for `thrown`, without the credentials that a message may repeat; `url` loses its query as
 * well.
 * @param adapt changes the problem into the form that clients of this address understand
 */
export function problemAnswer(
  thrown: unknown,
  url: string,
  id: string,
  adapt: AdaptProblem = (problem) => problem,
): ProblemAnswer {
  const problem = adapt(withoutCredentials(toProblem(thrown, id)));
  const retryAfter = problem.extras.retryAfterSeconds;
  return {
    status: problem.status,
    headers: {
      'Content-Type': 'application/problem+json; charset=utf-8',
      ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
      ...problem.extras.headers,
      ...(problem.status === 401 ? { 'WWW-Authenticate': 'Bearer realm="tidemark"' } : {}),
    },
    body: JSON.stringify(problem.body(redact(url.split('?', 1)[0] ?? ''), id)),
    detail: problem.detail,
  };
}

/** Other members stay as they are: they give a client its own ids back. */
function withoutCredentials({ status, detail, extras }: Problem): Problem {
  const errors = extras.errors?.map(({ path, message }) => ({ path: redact(path), message: redact(message) }));
  return new Problem(status, redact(detail), { ...extras, ...(errors === undefined ? {} : { errors }) });
}

const logger = new Logger('ProblemFilter');

function toProblem(thrown: unknown, id: string): Problem {
  if (thrown instanceof Problem) return thrown;
  if (thrown instanceof TooManyReads) {
    return new Problem(429, thrown.message, { kind: 'too-many-reads', retryAfterSeconds: 1 });
  }
  if (thrown instanceof HttpException) return fromHttpException(thrown);
  // An error of Express itself, for example for an address that it cannot decode.
  const { status, message } = thrown as { status?: unknown; message?: unknown };
  if (UNDECODABLE.test(String(message))) return undecodableAddress();
  if (typeof status === 'number' && status >= 400 && status < 500) return new Problem(status, String(message));
  if (sqlState(thrown) === '57014') {
    return new Problem(503, 'The query took too long and was stopped. Ask for a shorter time range.', {
      retryAfterSeconds: 5,
    });
  }
  if (isConnectionError(thrown)) {
    logger.warn(`request ${id}: ${(thrown as Error).message}`);
    return databaseAway();
  }
  logger.error(`request ${id}: ${(thrown as Error).stack ?? String(thrown)}`);
  return internalError();
}

function fromHttpException(exception: HttpException): Problem {
  const status = exception.getStatus();
  if (status === 404) return new Problem(404, 'There is nothing at this address. /docs lists every route.');
  if (status >= 500) return internalError();
  if (UNDECODABLE.test(exception.message)) return undecodableAddress();
  return new Problem(status, exception.message);
}

/** The message of Express' router; Nest wraps it in its own exception with the same message. */
const UNDECODABLE = /^Failed to decode param/;
const undecodableAddress = () =>
  new Problem(400, 'The address has a % that begins no character in UTF-8. Write the sign itself as %25.');
