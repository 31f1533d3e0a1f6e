import { STATUS_CODES } from 'node:http';

interface ProblemType {
  /** Of the answers of this type. */
  status: number;
  /** When it is answered, and what to do. */
  meaning: string;
}

/**
 * Every type of problem (RFC 9457) that the API answers, by the last part of its URN. The first one of a status is that
 * of all its problems that say nothing else. Clients tell problems apart by them, so none is renamed; docs/errors.md
 * and the OpenAPI document list them.
 */
export const PROBLEM_TYPES = {
  'bad-request': { status: 400, meaning: 'Something in the request is wrong; `errors` names each place.' },
  unauthorized: { status: 401, meaning: 'There is no credential, or it is not valid.' },
  forbidden: { status: 403, meaning: 'The credential lacks the scope, or its key or tenant is not active.' },
  'not-found': { status: 404, meaning: 'There is no such thing in your tenant, or nothing at this address.' },
  'method-not-allowed': { status: 405, meaning: 'The address takes other methods; `Allow` names them.' },
  timeout: { status: 408, meaning: 'The request took too long to arrive. Send it again.' },
  conflict: { status: 409, meaning: 'It is there already, or too much of it is under way.' },
  held: {
    status: 409,
    meaning: 'A legal hold forbids it, which `held_by` names. It can be done once that is released.',
  },
  'too-large': { status: 413, meaning: 'The body, or a batch in it, is too large. Send less at once.' },
  'unsupported-media-type': {
    status: 415,
    meaning: 'The body is of a type or encoding that is not taken; `Accept` or `Accept-Encoding` names what is.',
  },
  'expectation-failed': { status: 417, meaning: 'The only expectation that can be met is `100-continue`.' },
  unprocessable: { status: 422, meaning: 'The request is well-formed, and what it asks for is impossible.' },
  'idempotency-conflict': {
    status: 422,
    meaning: 'The id was used before with other content. Take another id, or send the same content.',
  },
  'rate-limit': { status: 429, meaning: 'The limit of the key or tenant is used up. Wait for `Retry-After` seconds.' },
  'too-many-reads': {
    status: 429,
    meaning: 'The tenant asks too many questions at the same time. Wait for `Retry-After` seconds.',
  },
  'headers-too-large': { status: 431, meaning: 'The headers are too large or too many. Send fewer.' },
  'internal-error': { status: 500, meaning: 'A fault of the service. Report the `request_id`.' },
  unavailable: {
    status: 503,
    meaning: 'The database is away, or too much is under way. Send the request again after `Retry-After` seconds.',
  },
} as const satisfies Record<string, ProblemType>;

export type ProblemKind = keyof typeof PROBLEM_TYPES;

/** By the last part of the URN. */
export const problemTypes = Object.entries(PROBLEM_TYPES) as [ProblemKind, ProblemType][];

export const problemUrn = (kind: ProblemKind): string => `urn:tidemark:problem:${kind}`;

/** The type of the problems of a status that say nothing else. */
export function kindOfStatus(status: number): ProblemKind {
  const [kind] = problemTypes.find(([, type]) => type.status === status) ?? [];
  return kind ?? (status < 500 ? 'bad-request' : 'internal-error');
}

export const titleOf = (status: number): string => STATUS_CODES[status] ?? 'Error';
