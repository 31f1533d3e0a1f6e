import type { FieldError } from '../../platform/http/problem.js';
import type { ApiCall } from '../../audit/call-log/api-call.js';

/** An event that passed every check and waits for its commit. */
export interface AcceptableEvent {
  /** UUIDv7 given at receipt, 16 bytes. */
  id: Buffer;
  /** The ledger key: 16 bytes for (tenant, client, event id). */
  key: Buffer;
  tenantId: string;
  clientId: string;
  /** The client's own id, or the text of `id` when it gave none. */
  eventId: string;
  eventType: string;
  userId: string | null;
  sessionId: string | null;
  /** Milliseconds since 1970 as the client said; null means receipt. */
  eventTime: number | null;
  /** True when eventTime was derived from the arrival of the request: it differs each time the event is sent. */
  isTimeDerived: boolean;
  /** Milliseconds since 1970, the same as in `id`. */
  receivedAt: number;
  /** JSON text. */
  payload: string;
  /** What the sender probably did not mean, although it can be stored. */
  warnings: FieldError[] | undefined;
  /** The call that sent it: its row is committed with the event. */
  call?: ApiCall | undefined;
}

export const EVENT_STATUSES = ['queued', 'processed', 'failed'] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

/** The outcome of one event. */
export type Outcome =
  | { status: 'accepted'; id: string }
  | { status: 'duplicate'; id: string; eventStatus: EventStatus }
  /** `id` is that of the first event; absent where the caller may not know. */
  | { status: 'conflict'; id?: string }
  | { status: 'rejected'; message: string; path?: string; errors?: FieldError[] };
