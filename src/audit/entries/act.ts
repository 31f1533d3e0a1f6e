import { readJson, writeJson } from '../../platform/json/json-text.js';
import type { JsonValue } from '../transparency-log/canonical-json.js';
import { type ActionType, blankContent, type NewEntry, newEntry, type Recorder } from './entry.js';
import type { OwnResource } from './own-resources.js';

interface Act {
  action: ActionType;
  resource: OwnResource;
  id: string;
  message: string;
  /** Never with a secret. */
  before?: object;
  after?: object;
  metadata?: object;
}

/** The entry for a change of Tidemark itself, to be stored in the transaction of the change. */
export function recordOf(by: Recorder, { action, resource, id, message, before, after, metadata }: Act): NewEntry {
  return newEntry(
    {
      ...blankContent(action, resource, id),
      message,
      before_state: toState(before),
      after_state: toState(after),
      metadata: toState(metadata),
    },
    by,
    'tidemark',
  );
}

/** As an answer shows it: dates as texts, undefined fields absent. */
function toState(state: object | undefined): JsonValue {
  return state === undefined ? null : (readJson(writeJson(state)) as JsonValue);
}
