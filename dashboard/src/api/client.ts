import { signal } from '@preact/signals';
import { parseJson } from './json.js';
import type { paths } from './schema.js';

const BASE = '/api/v1';

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type ApiPath = keyof paths & `/api/v1/${string}`;
/** Paths that answer to `M`, without the prefix. */
export type PathOf<M extends Method> = {
  [P in ApiPath]: paths[P] extends Record<M, object> ? (P extends `/api/v1${infer Rest}` ? Rest : never) : never;
}[ApiPath];
type Operation<M extends Method, P extends string> = `/api/v1${P}` extends keyof paths
  ? M extends keyof paths[`/api/v1${P}`]
    ? paths[`/api/v1${P}`][M]
    : never
  : never;
type Content<T> = T extends { content: { 'application/json': infer Body } } ? Body : undefined;
type Success<R> = R extends object ? R[Extract<keyof R, 200 | 201 | 202>] : never;

export type Answer<M extends Method, P extends string> =
  Operation<M, P> extends { responses: infer R } ? Content<Success<R>> : never;
export type Body<M extends Method, P extends string> =
  Operation<M, P> extends { requestBody?: infer B } ? Content<NonNullable<B>> : undefined;
export type Query<M extends Method, P extends string> =
  Operation<M, P> extends { parameters: { query?: infer Q } }
    ? [NonNullable<Q>] extends [never]
      ? object
      : NonNullable<Q>
    : object;

export interface RequestOptions {
  query?: Record<string, string | number | undefined>;
  path?: Record<string, string>;
  body?: unknown;
  signal?: AbortSignal;
}

/** What the API says went wrong: a sentence that says what to do. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly errors: { path: string; message: string }[] = [],
  ) {
    super(detail);
  }
}

/** Who is signed in; null when nobody is, undefined until that is known. */
export const session = signal<Answer<'get', '/auth/info'> | null | undefined>(undefined);
/** The tenant that a platform key looks at instead of its own. */
export const tenantId = signal<string | null>(null);

export function addressOf(path: string, { query = {}, path: parts = {} }: RequestOptions = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(parts[name] ?? ''));
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `${BASE}${filled}${search === '' ? '' : `?${search}`}`;
}

export async function send(method: Method, path: string, options: RequestOptions = {}): Promise<Response> {
  const headers: Record<string, string> = {};
  const csrf = session.value?.session?.csrf_token;
  if (method !== 'get' && csrf !== undefined) headers['X-CSRF-Token'] = csrf;
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (tenantId.value !== null && !path.startsWith('/auth/')) headers['X-Tenant-Id'] = tenantId.value;
  const response = await fetch(addressOf(path, options), {
    method: method.toUpperCase(),
    headers,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'The server cannot be reached. Check the connection; this page tries again by itself.');
  });
  if (response.ok) return response;
  const error = await toError(response);
  if (response.status === 401 && path !== '/auth/session') session.value = null;
  throw error;
}

async function call<M extends Method, P extends PathOf<M>>(
  method: M,
  path: P,
  options: RequestOptions = {},
): Promise<Answer<M, P>> {
  const response = await send(method, path, options);
  const text = await response.text();
  return (text === '' ? undefined : parseJson(text)) as Answer<M, P>;
}

export const api = {
  get: <P extends PathOf<'get'>>(path: P, options?: RequestOptions & { query?: Query<'get', P> }) =>
    call('get', path, options),
  post: <P extends PathOf<'post'>>(path: P, options?: RequestOptions & { body?: Body<'post', P> }) =>
    call('post', path, options),
  put: <P extends PathOf<'put'>>(path: P, options?: RequestOptions & { body?: Body<'put', P> }) =>
    call('put', path, options),
  patch: <P extends PathOf<'patch'>>(path: P, options?: RequestOptions & { body?: Body<'patch', P> }) =>
    call('patch', path, options),
  delete: <P extends PathOf<'delete'>>(path: P, options?: RequestOptions) => call('delete', path, options),
};

async function toError(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as {
    detail?: string;
    errors?: { path: string; message: string }[];
  };
  return new ApiError(response.status, problem.detail ?? `The server answered ${response.status}.`, problem.errors);
}
