import type { IncomingMessage } from 'node:http';
import { DEFAULT_TENANT_ID, type Principal } from '../../platform/http/principal.js';
import { redact } from '../../platform/logging/redact.js';
import { requestId } from '../../platform/http/request-id.js';
import { uuid7Bytes } from '../../platform/database/uuid7.js';

/** One row of the call log. */
export interface ApiCall {
  /** UUIDv7, 16 bytes; that of the first record it stored where all of them belong to one person. */
  id: Buffer;
  tenantId: string;
  requestId: string;
  clientId: string | null;
  keyId: string | null;
  method: string;
  /** Without the query, which may hold a key. */
  path: string;
  /** Pattern of the path, like `/api/v1/events/:id`; null where nothing matched. */
  route: string | null;
  statusCode: number;
  durationMs: number;
  /**
   * Canonical, truncated where EVENT_CONTEXT says so; null where it is unknown, or where the row stands for calls of
   * many addresses.
   */
  ip: string | null;
  userAgent: string | null;
  requestBytes: number;
  /** null where the row was written before the answer. */
  responseBytes: number | null;
  error: string | null;
  /** How many calls the row stands for. */
  calls: number;
  /** Milliseconds since 1970. */
  timestamp: number;
}

const MAX_TEXT = 512;

/** A call whose answer is still open. */
export class OpenCall {
  readonly id = uuid7Bytes();
  readonly timestamp = Date.now();
  private readonly startedAt = performance.now();
  principal: Principal | undefined;
  route: string | null = null;
  /** Replaces the path in the call log where the path holds a secret. */
  path: string | undefined;
  /** True once the row is written or certain to be written. */
  recorded = false;
  /** True once a route has it, to write it in the commit of what it does. */
  isTaken = false;

  constructor(
    readonly request: IncomingMessage,
    private readonly ip: string | null,
  ) {}

  get elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  /** The row, as of now. */
  toApiCall(statusCode: number, responseBytes: number | null, error: string | null): ApiCall {
    const { request, principal } = this;
    return {
      id: this.id,
      tenantId: principal?.tenantId ?? DEFAULT_TENANT_ID,
      requestId: requestId(request),
      clientId: principal?.clientId ?? null,
      keyId: principal?.keyId ?? null,
      method: request.method ?? '',
      path: storable(this.path ?? pathOf(request)),
      route: this.route,
      statusCode,
      durationMs: this.elapsedMs,
      ip: this.ip,
      userAgent: request.headers['user-agent'] === undefined ? null : storable(request.headers['user-agent']),
      requestBytes: Number(request.headers['content-length'] ?? 0) || 0,
      responseBytes,
      error: error === null ? null : storable(error),
      calls: 1,
      timestamp: this.timestamp,
    };
  }
}

/** Express changes `url` while it routes and keeps the original in `originalUrl`. */
function pathOf(request: IncomingMessage & { originalUrl?: string }): string {
  return (request.originalUrl ?? request.url ?? '').split('?', 1)[0] ?? '';
}

/**
 * Without credentials, of bounded length, and without control characters, which could forge lines where a log is
 * printed.
 */
function storable(text: string): string {
  return redact(text)
    .slice(0, MAX_TEXT)
    .replace(/\p{Cc}/gu, ' ')
    .toWellFormed();
}
