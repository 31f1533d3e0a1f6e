/** A stored event that is not counted as processed, as the retry reads it. */
export interface DeadLetter {
  tenant_id: string;
  event_id: string;
  event_type: string;
  /** JSON text. */
  payload: string;
  /** Whether the rollups hold it as failed. */
  counted: boolean;
  batch_id: string;
  /** Version of the schema of its type; null without one. */
  schema_version: string | null;
}

export const DEAD_LETTER_STATES = ['open', 'dead'] as const;
export type DeadLetterState = (typeof DEAD_LETTER_STATES)[number];

/** Tries, the first one included, after which a dead letter is `dead` and is retried only by hand. */
export const MAX_ATTEMPTS = 8;
export const LONGEST_BACKOFF = '6 hours';
const MAX_REASON = 1_000;

/** A reason that is short enough and that PostgreSQL can store. */
export function storableReason(reason: string): string {
  return reason.slice(0, MAX_REASON).replaceAll('\0', ' ').toWellFormed();
}
