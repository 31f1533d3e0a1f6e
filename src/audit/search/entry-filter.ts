import { badRequest } from '../../platform/http/problem.js';
import type { TimeRange } from '../../platform/time/time.js';

/** Fields that a filter compares as they are. */
export const EQUAL_FIELDS = [
  'source',
  'action_type',
  'resource_type',
  'resource_id',
  'severity',
  'status',
  'user_id',
  'session_id',
  'ip_address',
  'user_agent',
  'client_id',
  'functionality',
  'event_type',
  'idempotency_key',
  'store_id',
  'company_id',
] as const;
export type EqualField = (typeof EQUAL_FIELDS)[number];

/** Which entries match. */
export interface EntryFilter {
  range: TimeRange;
  equal: Partial<Record<EqualField, string | number>>;
  /** tsquery text for the configuration "simple". */
  words?: string | undefined;
  /** Part of the message, in upper or lower case. */
  messagePart?: string | undefined;
  /** Only entries of the audit-event kind. */
  auditEventsOnly?: boolean | undefined;
}

/** Where a list continues: with the entries after this one, newest first. */
export interface Position {
  /** As PostgreSQL formats it, so that nothing is rounded. */
  occurredAt: string;
  id: string;
}

const MAX_TERMS = 16;
/** One term: perhaps a minus, then a quoted phrase or a word. */
const TERM = /(-?)(?:"([^"]*)"|([^\s"]+))/g;

/**
 * What a person types into a search box as a tsquery: all words must occur, `"a phrase"` in this order, `-word` not at
 * all, `word*` as the beginning of one. Punctuation separates words, as it does where entries are indexed.
 * @throws Problem 400 where nothing is left to search for
 */
export function toTsquery(q: string): string {
  const terms: string[] = [];
  let positive = 0;
  for (const [, minus, phrase, word] of q.matchAll(TERM)) {
    const words = (phrase ?? word ?? '').split(/[\s!-/:-@[-`{-~]+/).filter((part) => part !== '');
    if (words.length === 0) continue;
    const prefix = word?.endsWith('*') === true ? ':*' : '';
    const last = words.length - 1;
    const term = words.map((part, n) => `'${part}'${n === last ? prefix : ''}`).join(' <-> ');
    if (minus !== '-') positive += 1;
    terms.push(minus === '-' ? `!(${term})` : `(${term})`);
  }
  if (positive === 0) throw invalidQuery('must hold at least one word to look for');
  if (terms.length > MAX_TERMS) throw invalidQuery(`must hold at most ${MAX_TERMS} words`);
  return terms.join(' & ');
}

const invalidQuery = (message: string) => badRequest(`q ${message}.`, [{ path: 'q', message }]);
