import { STATUS_CODES } from 'node:http';
import { KEY_PARAMETER } from './access.js';

export interface FieldError {
  /** JSON path of the value, for example `events[3].payload.price`. */
  path: string;
  message: string;
}

/** Body of every error answer: RFC 9457 problem details. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance?: string;
  request_id?: string;
  errors?: FieldError[];
}

interface ProblemExtras {
  /** Last part of the problem type URI; about:blank when absent. */
  kind?: string;
  errors?: FieldError[];
  retryAfterSeconds?: number;
  /** Headers that say what would have been accepted. */
  headers?: Record<string, string>;
  /** Members added to the body, for answers that carry a result as well. */
  members?: Record<string, unknown>;
}

/** An error answer. `detail` is a sentence for a person: what went wrong and what to do. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(detail);
  }

  body(instance?: string, requestId?: string): ProblemBody {
    const { kind, errors, members } = this.extras;
    return {
      ...members,
      type: kind === undefined ? 'about:blank' : `urn:tidemark:problem:${kind}`,
      title: STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      detail: this.detail,
      ...(instance === undefined ? {} : { instance }),
      ...(requestId === undefined ? {} : { request_id: requestId }),
      ...(errors === undefined ? {} : { errors }),
    };
  }
}

/** Makes a problem what some clients understand. */
export type AdaptProblem = (problem: Problem) => Problem;

export const badRequest = (detail: string, errors?: FieldError[]) =>
  new Problem(400, detail, errors === undefined ? {} : { errors });

/** @throws Problem 400 that names the parameters of `url`; only a key may stand there, and that is read elsewhere */
export function refuseUnknownParameters(url: string): void {
  const query = url.indexOf('?');
  if (query < 0) return;
  const unknown = [...new URLSearchParams(url.slice(query + 1)).keys()].filter((name) => name !== KEY_PARAMETER);
  if (unknown.length === 0) return;
  const errors = unknown
    .slice(0, 20)
    .map((name) => ({ path: name.slice(0, 100), message: unknownName(name, 'is not a known parameter') }));
  const elsewhere = errors.find(({ message }) => message === ELSEWHERE);
  const hint = elsewhere === undefined ? '' : ` ${elsewhere.path} ${ELSEWHERE}.`;
  throw badRequest(
    `Unknown query parameters: ${errors.map(({ path }) => printedName(path)).join(', ')}.${hint}`,
    errors,
  );
}

const ELSEWHERE =
  'belongs elsewhere: the key decides the tenant, and a platform key names one in the header X-Tenant-Id';

/** What is said about a name that is not known here, perhaps where it belongs. */
export const unknownName = (name: string, sentence: string): string =>
  /^tenant_?id$/i.test(name) ? ELSEWHERE : sentence;

/** `?=1` has a parameter without a name, and the sentence must show it. */
export const printedName = (name: string): string => (name === '' ? '""' : name);

export const unauthorized = (detail: string) => new Problem(401, detail);
export const forbidden = (detail: string) => new Problem(403, detail);
export const notFound = (detail: string) => new Problem(404, detail);
export const tooLarge = (detail: string) => new Problem(413, detail);
export const methodNotAllowed = (method: string, allow: string) =>
  new Problem(405, `This address does not accept ${method}; it accepts ${allow}.`, { headers: { Allow: allow } });
export const unsupportedMediaType = (detail: string, headers: Record<string, string>) =>
  new Problem(415, detail, { headers });
export const unavailable = (detail: string, retryAfterSeconds = 1) =>
  new Problem(503, detail, { kind: 'unavailable', retryAfterSeconds });

/** The answer for all unexpected errors; the cause goes to the log under the request id. */
export const internalError = () =>
  new Problem(500, 'Something went wrong on our side. Try again; if it happens again, report the request_id.');

export const databaseAway = () =>
  unavailable('The database is not reachable right now. Send the request again shortly.');
