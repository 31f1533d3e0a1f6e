import type { Sql } from '../../platform/database/database.js';
import type { Parameters } from '../../platform/database/sql-parameters.js';
import type { EntryFilter } from './entry-filter.js';

/** A term as PostgreSQL reads it; see audit_search_term.sql. */
interface ReadTerm {
  is_excluded: boolean;
  words: string;
  phrase: string | null;
  part: string | null;
}

/** What a search looks for, read the way entries are. */
export interface Search {
  /** For the index; null where nothing can match. */
  words: string | null;
  /** Terms of which the words alone do not tell. */
  phrases: readonly ReadTerm[];
}

/** A filter whose terms are read. */
export type ReadFilter = EntryFilter & { search?: Search };

const READ_TERMS = `/* auditEntries.readTerms */
select is_excluded, words::text, phrase::text, part
from unnest($1::text[], $2::boolean[], $3::boolean[]) with ordinality as t (term, is_prefix, is_excluded, n)
cross join lateral audit_search_term(term, is_prefix) order by n`;

/** One function reads what is looked for and what is looked at, so the two cannot differ. */
export async function readTerms(sql: Sql, filter: EntryFilter): Promise<ReadFilter> {
  const { terms } = filter;
  if (terms === undefined) return filter;
  const { rows } = await sql.query<ReadTerm & Record<string, unknown>>(READ_TERMS, [
    terms.map(({ text }) => text),
    terms.map(({ isPrefix }) => isPrefix),
    terms.map(({ isExcluded }) => isExcluded),
  ]);
  return { ...filter, search: toSearch(rows.filter(({ words }) => words !== '')) };
}

function toSearch(terms: readonly ReadTerm[]): Search {
  const isDecided = ({ part }: ReadTerm) => part === null;
  const wanted = terms.filter(({ is_excluded }) => !is_excluded).map(({ words }) => `(${words})`);
  const unwanted = terms.filter((term) => term.is_excluded && isDecided(term)).map(({ words }) => `!(${words})`);
  const words = wanted.length === 0 ? null : [...wanted, ...unwanted].join(' & ');
  return { words, phrases: terms.filter((term) => !isDecided(term)) };
}

/** Which conditions a search has: the same for statements of the same text. */
export const shapeOfSearch = ({ phrases }: Search): string =>
  [
    'words',
    ...phrases.map(({ phrase, is_excluded }) => `${is_excluded ? '-' : ''}${phrase === null ? 'part' : 'phrase'}`),
  ].join(' ');

const TEXT =
  'audit_entry_text(message, resource_type, resource_id, functionality, event_type, before_state, after_state, metadata)';

/**
 * Of a word PostgreSQL keeps 255 positions, and none beyond the 16,383rd of an entry; 255 positions take 510 bytes,
 * which no compression shortens. Only for entries so large the text itself is read.
 */
const MAY_LACK_POSITIONS = 'pg_column_size(search) > 500';

/** Conditions on entries, of which an index serves the first. */
export function wordConditions({ words, phrases }: Search, parameters: Parameters): string[] {
  if (words === null) return ['false'];
  return [
    `search @@ ${parameters.add(words)}::tsquery`,
    ...phrases.map((term) => {
      const inText = `strpos(audit_plain_text(${TEXT}), ${parameters.add(term.part)}) > 0`;
      const follows =
        term.phrase === null
          ? inText
          : `(search @@ ${parameters.add(term.phrase)}::tsquery or ${MAY_LACK_POSITIONS} and ${inText})`;
      return term.is_excluded ? `not (search @@ ${parameters.add(term.words)}::tsquery and ${follows})` : follows;
    }),
  ];
}
