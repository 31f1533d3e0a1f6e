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
  /** What a person looks for. */
  terms?: readonly SearchTerm[] | undefined;
  /** Part of the message, in upper or lower case. */
  messagePart?: string | undefined;
  /** Only entries of the audit-event kind. */
  auditEventsOnly?: boolean | undefined;
}

/** One thing that must occur, or must not. */
export interface SearchTerm {
  /** A word, or several that follow each other. */
  text: string;
  /** `word*`: the last word only begins so. */
  isPrefix: boolean;
  isExcluded: boolean;
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

/** There is something to look for in a text with one of these. */
const WORD = /[\p{L}\p{N}]/u;

/**
 * What a person types into a search box: all words must occur, those that punctuation joins as a phrase, and
 * `"a phrase"`, in this order, `-word` not at all, `word*` as the beginning of one.
 * @throws Problem 400 where nothing is left to search for
 */
export function toSearchTerms(q: string): SearchTerm[] {
  const terms = [...q.matchAll(TERM)].flatMap(([, minus, phrase, word = '']): SearchTerm[] => {
    const text = phrase ?? word;
    return WORD.test(text) ? [{ text, isPrefix: word.endsWith('*'), isExcluded: minus === '-' }] : [];
  });
  if (terms.every(({ isExcluded }) => isExcluded)) throw invalidQuery('must contain at least one word to search for');
  if (terms.length > MAX_TERMS) throw invalidQuery(`must contain at most ${MAX_TERMS} words`);
  return terms;
}

const invalidQuery = (message: string) => badRequest(`q ${message}.`, [{ path: 'q', message }]);
