import type { Sql } from '../../platform/database/database.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import { IS_COUNTED, NOT_COUNTED } from '../rollups/counted-events-sql.js';

/** Bytes of a record: hash of the user id, then microseconds since 2000, eight bytes each. */
export const RECORD_BYTES = 16;
/**
 * Bytes of one row of the answer: its text is small enough to stay among V8's young objects, which are cheap to
 * collect.
 */
export const CHUNK_BYTES = 4_096 * RECORD_BYTES;
/** Rows in memory at a time, some 90 KB each. */
const ROWS_PER_FETCH = 16;

/** Some events of one type, as PostgreSQL packs them. */
export interface PackedTimelines {
  /** Its index among the types asked for. */
  type: number;
  /** Whether these events do not count; they are among the others as well. */
  gone: boolean;
  /** Records in base64. */
  records: string;
}

const RECORDS = `string_agg(int8send(hashtextextended(e.user_id, 0)) || timestamptz_send(e.event_time), '') as records`;

/**
 * The events of some types as records of user and time, so that millions are sent in some hundred rows.
 *
 * All that is needed is in events_type_user_idx, so where autovacuum has been, the table is not read. Each type is its
 * own range of that index, which needs no grouping. The index does not hold whether an event is counted. Events that
 * are not counted are few, and are sent a second time, marked as gone, to be subtracted: only user, type and time
 * matter. The events of some users only are read from the table, which holds it. $1 tenant, $2 from, $3 to, $4 types,
 * $5 users (only if sampled).
 */
function timelinesSql(types: number, sampled: boolean): string {
  const inRange = 'e.tenant_id = $1 and e.event_time >= $2 and e.event_time < $3';
  const ofSome = `
  select array_position($4::text[], e.event_type) - 1 as type, false as gone, ${RECORDS} from events e
  where ${inRange} and e.event_type = any($4::text[]) and e.user_id = any($5::text[]) and ${IS_COUNTED} group by 1`;
  const ofAll = Array.from(
    { length: types },
    (_, type) => `
  select ${type} as type, false as gone, ${RECORDS} from events e
  where ${inRange} and e.event_type = ($4::text[])[${type + 1}] and e.user_id is not null`,
  );
  const gone = `
  select array_position($4::text[], e.event_type) - 1, true, ${RECORDS} from (${NOT_COUNTED}) e
  where ${inRange} and e.event_type = any($4::text[]) and e.user_id is not null group by 1`;
  return `/* funnels.listTimelines */
select type, gone, encode(substring(records from n for ${CHUNK_BYTES}), 'base64') as records
from (${sampled ? ofSome : [...ofAll, gone].join(' union all ')}) packed
cross join lateral generate_series(1, length(records), ${CHUNK_BYTES}) n`;
}

/**
 * Reads them piece by piece, so that records already taken need not be kept: for a large funnel they would be 50 MB.
 *
 * @param types different ones
 */
export async function* listTimelines(
  sql: Sql,
  tenantId: string,
  range: TimeRange,
  types: readonly string[],
  users: readonly string[] | null,
): AsyncGenerator<PackedTimelines, void> {
  const parameters = [tenantId, toIso(range.from), toIso(range.to), types, ...(users === null ? [] : [users])];
  await sql.query(
    `declare funnel_timelines no scroll cursor for ${timelinesSql(types.length, users !== null)}`,
    parameters,
  );
  for (let left = true; left;) {
    const { rows } = await sql.query<PackedTimelines>(
      `/* funnels.fetchTimelines */ fetch ${ROWS_PER_FETCH} from funnel_timelines`,
    );
    yield* rows;
    left = rows.length === ROWS_PER_FETCH;
  }
  await sql.query('close funnel_timelines');
}
