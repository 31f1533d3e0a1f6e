import type { OpenAPIObject } from '@nestjs/swagger';
import { problemTypes, problemUrn, titleOf } from '../platform/http/problem-types.js';
import { type Operation, type Part, refTo } from './operation.js';

const PROBLEM = refTo('schemas', 'Problem');

const FAULT: Part = {
  type: 'object',
  required: ['path', 'message'],
  properties: {
    path: { type: 'string', description: 'Where it stands.', example: 'events[3].payload.price' },
    message: { type: 'string', example: 'must be a number' },
  },
};

/** RFC 9457, with the id of the request and the faulty fields. */
const PROBLEM_SCHEMA: Part = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'request_id'],
  properties: {
    type: {
      type: 'string',
      enum: problemTypes.map(([kind]) => problemUrn(kind)),
      description: problemTypes.map(([kind, { meaning }]) => `- \`${kind}\`: ${meaning}`).join('\n'),
    },
    title: { type: 'string', example: 'Bad Request' },
    status: { type: 'integer', example: 400 },
    detail: { type: 'string', description: 'A sentence that says what to do.' },
    instance: { type: 'string', description: 'The path that was asked for.' },
    request_id: { type: 'string' },
    errors: { type: 'array', items: refTo('schemas', 'Fault'), description: 'At most 100.' },
  },
};

const header = (type: string, description: string): Part => ({ description, schema: { type } });

const HEADERS: Record<string, Part> = {
  'X-Request-Id': header('string', "The request's own X-Request-Id when it was well-formed, else a new one."),
  'RateLimit-Limit': header('integer', 'Requests per window that the key may send.'),
  'RateLimit-Remaining': header('integer', 'Requests that are left in the window.'),
  'RateLimit-Reset': header('integer', 'Seconds until some of the window is free again.'),
  'Retry-After': header('integer', 'Seconds after which the request may succeed.'),
  Allow: header('string', 'Methods that the address takes, on 405.'),
  'WWW-Authenticate': header('string', 'How to authenticate.'),
};

const headerRefs = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, refTo('headers', name)]));

/** On answers to callers with a credential. */
const LIMITS = ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'];

const MORE_HEADERS: Record<number, string[]> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After', ...LIMITS],
  503: ['Retry-After'],
};

/** The errors that operations share, each under the name of its status. */
const STATUSES = [400, 401, 403, 404, 409, 413, 415, 422, 429, 503] as const;
type Status = (typeof STATUSES)[number];

const nameOf = (status: Status) => titleOf(status).replace(/\W/g, '');
const meaningOf = (status: number) =>
  problemTypes
    .filter(([, type]) => type.status === status)
    .map(([kind, { meaning }]) => `\`${kind}\`: ${meaning}`)
    .join(' ');

const problemAnswer = (status: number, description: string, schema: Part = PROBLEM): Part => ({
  description,
  headers: headerRefs(['X-Request-Id', ...(MORE_HEADERS[status] ?? [])]),
  content: { 'application/problem+json': { schema } },
});

const ANY_OTHER = 'Any other problem: its `type` and `detail` say what to do.';
const anyOther = (schema: Part = PROBLEM): Part => ({
  ...problemAnswer(0, ANY_OTHER, schema),
  headers: headerRefs(['X-Request-Id', 'Retry-After', 'Allow']),
});

/** What {@link addProblems} points to, of those answers that some operation has. */
export function addProblemComponents(document: OpenAPIObject): void {
  const paths = JSON.stringify(document.paths);
  const used = STATUSES.filter((status) => paths.includes(refTo('responses', nameOf(status)).$ref));
  const components = document.components as Record<string, Record<string, Part>>;
  components['schemas'] = { ...components['schemas'], Problem: PROBLEM_SCHEMA, Fault: FAULT };
  components['headers'] = HEADERS;
  components['responses'] = {
    ...Object.fromEntries(used.map((status) => [nameOf(status), problemAnswer(status, meaningOf(status))])),
    Problem: anyOther(),
  };
}

/** What any operation of its kind may be refused for. */
export interface Refusals {
  hasCaller: boolean;
  hasBody: boolean;
}

/** Completes the answers: their headers, and a problem wherever a request can be refused. */
export function addProblems({ responses }: Operation, { hasCaller, hasBody }: Refusals): void {
  const answers = responses as unknown as Record<string, Part>;
  const { default: others, ...described } = answers;
  const members = schemaOf(others);
  const schema = members === undefined ? undefined : withMembers(members);
  for (const [status, answer] of Object.entries(described)) {
    if (Number(status) >= 400) answers[status] = ownProblem(Number(status), answer, schema);
    else {
      answer['headers'] = {
        ...(answer['headers'] as Part),
        ...headerRefs(['X-Request-Id', ...(hasCaller ? LIMITS : [])]),
      };
      answer['description'] ||= titleOf(Number(status));
    }
  }
  const possible: Status[] = [400];
  if (hasCaller) possible.push(401, 403, 404, 429, 503); // 404 for a tenant that X-Tenant-Id names
  if (hasBody) possible.push(413, 415);
  for (const status of possible) {
    answers[status] ??= schema === undefined ? refTo('responses', nameOf(status)) : ownProblem(status, {}, schema);
  }
  answers['default'] = schema === undefined ? refTo('responses', 'Problem') : anyOther(schema);
}

/** An error that the operation describes itself: in words, or with members that it may add to the problem. */
function ownProblem(status: number, answer: Part, schema: Part | undefined): Part {
  const members = schemaOf(answer);
  if (members !== undefined && status >= 500) return answer; // of a probe, whose answer is its state
  const own = members === undefined ? schema : { anyOf: [PROBLEM, withMembers(members)] };
  return problemAnswer(status, (answer['description'] as string | undefined) || meaningOf(status), own);
}

const withMembers = (schema: Part): Part => ({ allOf: [PROBLEM, schema] });

function schemaOf(answer: Part | undefined): Part | undefined {
  const content = answer?.['content'] as Record<string, { schema: Part }> | undefined;
  return content?.['application/json']?.schema;
}
