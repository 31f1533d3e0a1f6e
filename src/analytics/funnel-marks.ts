import type { Sql } from '../platform/database.js';
import { toIso } from '../platform/query.dto.js';
import { DAY_MS, type TimeRange } from '../platform/time.js';
import { IS_FAILED } from './countable.js';

/** Sixteen types fit: below 2^53 for ranges of {@link MAX_MARKED_MS}. */
const TYPES = 16;

export const MAX_MARKED_MS = 8 * 365 * DAY_MS;

/** array_send(): a header, then each element with its length before it. */
const HEADER_BYTES = 20;
const ELEMENT_BYTES = 12;
const LENGTH_BYTES = 4;

/** One user's, as PostgreSQL packs them. */
export interface PackedMarks {
  marks: string;
  /** Those that do not count. */
  gone: string | null;
}

/** When one user had events of each of the asked types: microseconds since the start of the range, in order. */
export type Marks = readonly Float64Array[];

const MARK = `e.user_id,
    round((date_part('epoch', e.event_time) - date_part('epoch', $2::timestamptz)) * 1e6) * ${TYPES}
      + array_position($4::text[], e.event_type) - 1 as mark`;

/**
 * The events of some types, packed for each user into an array of numbers.
 *
 * All that is asked is in events_type_user_idx, so the table is not touched (2 % of its blocks at a million events). What
 * tells whether an event is countable is not in that index: those that are not are few, and are sent a second time, as gone. What
 * remains is the same, for only user, type and time matter. `offset 0` keeps the planner on the primary key for them, but
 * keeps parallel workers out as well: so they are joined only when the others have been gathered.
 * $1 tenant, $2 from, $3 to, $4 types, $5 users (only if sampled).
 */
const marksSql = (sampled: boolean) => {
  const wanted = `e.tenant_id = $1 and e.event_type = any($4::text[]) and e.event_time >= $2 and e.event_time < $3
      and ${sampled ? 'e.user_id = any($5::text[])' : 'e.user_id is not null'}`;
  return `/* funnels.listMarks */
select encode(array_send(found.marks), 'base64') as marks, encode(array_send(gone.marks), 'base64') as gone
from (
  select user_id, array_agg(mark) as marks
  from (select ${MARK} from events e where ${wanted}) e group by user_id
) found
left join (
  select user_id, array_agg(mark) as marks
  from (
    select ${MARK}
    from (select event_id from failed_events where tenant_id = $1 and state <> 'resolved' offset 0) f
    cross join lateral (select * from events e where ${wanted} and e.id = f.event_id offset 0) e
    union all
    select ${MARK}
    from (select id, first_id, last_id from ingest_batches where tenant_id = $1 and status = 'queued' offset 0) b
    cross join lateral (
      select * from events e
      where ${wanted} and e.id between b.first_id and b.last_id and e.batch_id = b.id and not ${IS_FAILED}
      order by e.id offset 0
    ) e
  ) e group by user_id
) gone on gone.user_id = found.user_id`;
};

/** @param types different ones, 16 at most */
export async function listMarks(
  sql: Sql,
  tenantId: string,
  range: TimeRange,
  types: readonly string[],
  users: readonly string[] | null,
): Promise<PackedMarks[]> {
  // The planner takes 8 kB for each array in the making, which are some hundred bytes: hashing would go to disk for nothing.
  await sql.query(`set local work_mem = '64MB'; set local hash_mem_multiplier = 16`);
  const parameters = [tenantId, toIso(range.from), toIso(range.to), types, ...(users === null ? [] : [users])];
  const { rows } = await sql.query<PackedMarks>(marksSql(users !== null), parameters);
  return rows;
}

/** @returns for each type when it occurred, in order */
export function unpackMarks({ marks, gone }: PackedMarks, types: number): Marks {
  const left = gone === null ? [] : readTimes(gone, types);
  return readTimes(marks, types).map((times, type) => without(Float64Array.from(times).sort(), left[type] ?? []));
}

function readTimes(packed: string, types: number): number[][] {
  const bytes = Buffer.from(packed, 'base64');
  const found: number[][] = Array.from({ length: types }, () => []);
  for (let at = HEADER_BYTES; at < bytes.length; at += ELEMENT_BYTES) {
    const mark = bytes.readDoubleBE(at + LENGTH_BYTES);
    const type = mark % TYPES;
    found[type]?.push((mark - type) / TYPES);
  }
  return found;
}

/** One of equal times for each that is gone. */
function without(times: Float64Array, gone: readonly number[]): Float64Array {
  if (gone.length === 0) return times;
  const left = new Map<number, number>();
  for (const time of gone) left.set(time, (left.get(time) ?? 0) + 1);
  return times.filter((time) => {
    const count = left.get(time) ?? 0;
    if (count > 0) left.set(time, count - 1);
    return count === 0;
  });
}
