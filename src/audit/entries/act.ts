import type { JsonValue } from '../proofs/canonical-json.js';
import { type ActionType, blankContent, type NewEntry, newEntry, type Recorder } from './entry.js';

interface Act {
  action: ActionType;
  resource: string;
  id: string;
  message: string;
  /** Never with a secret. */
  before?: object;
  after?: object;
}

/** The entry of something that was done to Tidemark itself, to be stored in the transaction that does it. */
export function recordOf(by: Recorder, { action, resource, id, message, before, after }: Act): NewEntry {
  return newEntry(
    {
      ...blankContent(action, resource, id),
      message,
      before_state: toState(before),
      after_state: toState(after),
    },
    by,
  );
}

/** What an answer would show: dates as texts, nothing undefined. */
function toState(state: object | undefined): JsonValue {
  return state === undefined ? null : (JSON.parse(JSON.stringify(state)) as JsonValue);
}
