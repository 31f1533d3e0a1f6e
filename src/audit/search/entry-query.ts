import { EARLIEST_TIME } from '../../platform/http/field-fault.js';
import { toTimeRange } from '../../platform/http/query.dto.js';
import { DAY_MS, type TimeRange, toIso } from '../../platform/time/time.js';
import { EQUAL_FIELDS, type EntryFilter, toSearchTerms } from './entry-filter.js';
import type { EntryFilterQuery } from './entry-queries.dto.js';

/** @throws Problem 400 for a range or search text that makes no sense */
export function toFilter(query: EntryFilterQuery): EntryFilter {
  const equal = Object.fromEntries(
    EQUAL_FIELDS.flatMap((field) => (query[field] === undefined ? [] : [[field, query[field]]])),
  ) as EntryFilter['equal'];
  return {
    range: toEntryRange(query),
    equal,
    terms: query.q === undefined ? undefined : toSearchTerms(query.q),
    messagePart: query.message,
  };
}

/** What a search for a text looks at, unless it is said: everything. Who looks for something forgets when it was. */
const isSearch = ({ q, message }: EntryFilterQuery): boolean => q !== undefined || message !== undefined;

/** Without an end: everything so far, also entries dated up to a day ahead. */
function toEntryRange(query: EntryFilterQuery): TimeRange {
  const start = query.from === undefined && isSearch(query) ? { from: toIso(EARLIEST_TIME) } : {};
  const range = toTimeRange({ ...query, ...start });
  return query.to === undefined ? { from: range.from, to: range.to + DAY_MS } : range;
}
