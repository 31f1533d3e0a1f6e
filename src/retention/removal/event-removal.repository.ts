import { Injectable } from '@nestjs/common';
import { awaitHolds, EVENT_IS_FREE } from '../../audit/preservation/hold-sql.js';
import { Database, type Sql } from '../../platform/database/database.js';
import type { TypeGroup } from '../rules/kept.js';
import type { Removable } from '../schedule/scheduled-task.js';
import type { Partition } from './partitions.repository.js';

/** A walk goes from row to row by (tenant_id, id); this is before the first. */
export const FIRST_ROW = '00000000-0000-0000-0000-000000000000';

/** The digest by which the ledger knows an event `e`; ledgerKey() of the parser makes the same. */
const LEDGER_KEY = `substr(sha256(convert_to(e.tenant_id::text, 'UTF8') || '\\x00' ||
  convert_to(e.client_id, 'UTF8') || '\\x00' || convert_to(e.event_id, 'UTF8')), 1, 16)`;

/**
 * What belongs to the events of the CTE `doomed` and goes before them: the ledger's row, patches, the dead letter. The
 * days whose counts cannot be compared with events any more are noted, by the time of the event and by that of its
 * processing.
 */
const BELONGINGS = `ledger as (
  delete from event_keys k using doomed e where k.key = encode(${LEDGER_KEY}, 'hex')::uuid and k.id = e.id
), patches as (
  delete from event_patches p using doomed e where p.tenant_id = e.tenant_id and p.event_id = e.id
), dead_letters as (
  delete from failed_events f using doomed e where f.tenant_id = e.tenant_id and f.event_id = e.id
), days as (
  insert into removed_event_days (tenant_id, day)
  select tenant_id, (event_time at time zone 'UTC')::date from doomed
  union
  select b.tenant_id, (b.processed_at at time zone 'UTC')::date
  from (select distinct tenant_id, batch_id from doomed) d
  join ingest_batches b on b.tenant_id = d.tenant_id and b.id = d.batch_id where b.processed_at is not null
  order by 1, 2 on conflict do nothing
)`;

/**
 * Which events of a tenant: $2 after which id, $3 below which id, $4 how many to look at, $5 types, $6 those or all
 * others.
 */
const PAGE = `page as materialized (
  select * from events where tenant_id = $1 and id > $2 and id < $3 order by id limit $4
), doomed as materialized (
  select * from page e where (e.event_type = any($5::text[])) = $6 and ${EVENT_IS_FREE}
)`;

const REMOVE = `/* retention.removeEvents */
with ${PAGE}, ${BELONGINGS}, gone as (
  delete from events e using doomed d where e.tenant_id = $1 and e.id = d.id returning 1
)
select (select count(*) from gone)::int as removed, (select count(*) from page)::int as seen,
       (select coalesce(sum(pg_column_size(d.*)), 0) from doomed d)::float8 as bytes,
       (select id from page order by id desc limit 1) as last`;

const COUNT = `/* retention.countEvents */
select month, count(*) filter (where is_free)::float8 as rows, count(*) filter (where not is_free)::float8 as held,
       coalesce(sum(bytes) filter (where is_free), 0)::float8 as bytes
from (
  select to_char(e.received_at at time zone 'UTC', 'YYYY-MM') as month, pg_column_size(e.*) as bytes,
         ${EVENT_IS_FREE} as is_free
  from events e where e.tenant_id = $1 and e.id < $2 and (e.event_type = any($3::text[])) = $4
) counted group by month order by month`;

/** Rows are found by key, whatever the planner believes of tables that shrink and grow. */
export const BY_KEY =
  'set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off';

export interface RemovedPage {
  removed: number;
  bytes: number;
  seen: number;
  /** Id of the last event that was looked at; null: there was none. */
  last: string | null;
}

export type CountedMonth = Pick<Removable, 'month' | 'rows' | 'bytes' | 'held'>;

@Injectable()
export class EventRemovalRepository {
  constructor(private readonly database: Database) {}

  /** Removes the events of one page that are of the group and under no hold, recorded before `before`. */
  removePage(tenantId: string, group: TypeGroup, after: string, before: Date, limit: number): Promise<RemovedPage> {
    return this.database.inSystem(async (sql) => {
      await sql.query(BY_KEY);
      await awaitHolds(sql);
      const bound = await boundOf(sql, tenantId, before);
      const { rows } = await sql.query<RemovedPage>(REMOVE, [tenantId, after, bound, limit, group.types, group.named]);
      return rows[0]!; // a select without from has one row
    });
  }

  /** What {@link removePage} would remove, and what it would leave for a hold, by month of recording. */
  count(tenantId: string, group: TypeGroup, before: Date): Promise<CountedMonth[]> {
    return this.database.inSystem(async (sql) => {
      await sql.query('set local max_parallel_workers_per_gather = 0'); // ingest needs the other cores
      const bound = await boundOf(sql, tenantId, before);
      const { rows } = await sql.query<CountedMonth>(COUNT, [tenantId, bound, group.types, group.named]);
      return rows;
    });
  }

  /**
   * Clears what belongs to the events of one page of a partition that is about to be dropped.
   * @returns how many there were and the last of them, or null at the end
   */
  clearPage(
    { month, end }: Partition,
    after: { tenantId: string; id: string },
    limit: number,
  ): Promise<{ rows: number; tenantId: string; id: string } | 'must stay' | null> {
    return this.database.inSystem(async (sql) => {
      await sql.query(BY_KEY);
      await awaitHolds(sql);
      if (await mustStay(sql, { month, end })) return 'must stay';
      const { rows } = await sql.query<{ rows: number; tenantId: string | null; id: string | null }>(
        `/* retention.clearMonth */
         with doomed as materialized (
           select * from events
           where (tenant_id, id) > ($1, $2) and id >= uuid7_lower_bound($4) and id < uuid7_lower_bound($5)
           order by tenant_id, id limit $3
         ), ${BELONGINGS}, last as (select tenant_id, id from doomed order by tenant_id desc, id desc limit 1)
         select (select count(*) from doomed)::int as rows, l.tenant_id as "tenantId", l.id
         from (select) one left join last l on true`,
        [after.tenantId, after.id, limit, month, end],
      );
      const { rows: count = 0, tenantId = null, id = null } = rows[0] ?? {};
      return tenantId === null || id === null ? null : { rows: count, tenantId, id };
    });
  }

  /** Whether something in the partition must stay: it may be held, or waits to be processed. */
  mustStay(partition: Partition): Promise<boolean> {
    return mustStay(this.database.system, partition);
  }

  /**
   * Up to which time of recording everything of a tenant and group of types has been removed. The row stands from the
   * beginning of a walk: when a policy or a hold changes meanwhile it goes, and {@link setMark} finds nothing to set.
   */
  async openMark(tenantId: string, eventType: string): Promise<Date> {
    const { rows } = await this.database.system.query<{ removed_before: Date }>(
      `/* retention.openMark */ insert into retention_marks (tenant_id, event_type, removed_before)
       values ($1, $2, 'epoch') on conflict (tenant_id, event_type) do update set removed_before = retention_marks.removed_before
       returning removed_before`,
      [tenantId, eventType],
    );
    return rows[0]!.removed_before; // either way there is one
  }

  async setMark(tenantId: string, eventType: string, before: Date): Promise<void> {
    await this.database.system.query(
      '/* retention.setMark */ update retention_marks set removed_before = $3 where tenant_id = $1 and event_type = $2',
      [tenantId, eventType, before],
    );
  }
}

/**
 * A batch that waits and has events from before a time. It got its id when it was written, moments after its events
 * got theirs. Ids of a day later are left out, and with them the month of now, where batches come and go by the
 * thousand and leave an index full of dead entries.
 */
const waitsFrom = (time: string) =>
  `status = 'queued' and id < uuid7_lower_bound(${time}::timestamptz + interval '1 day') and first_id < uuid7_lower_bound(${time})`;

/** The id below which everything was recorded before `before`, and nothing waits to be processed. */
async function boundOf(sql: Sql, tenantId: string, before: Date): Promise<string> {
  const { rows } = await sql.query<{ bound: string }>(
    `/* retention.bound */ select least(uuid7_lower_bound($2), min(first_id::text)::uuid) as bound
     from ingest_batches where tenant_id = $1 and ${waitsFrom('$2')}`,
    [tenantId, before],
  );
  return rows[0]!.bound; // an aggregate has one row
}

/**
 * Holds of a tenant with events of the month, whomever they are of: then its rows go one by one. One event is looked up
 * for each hold; as `exists` it became a join that read the whole month before each step, as long as no statistics told
 * how few holds there are.
 */
export async function mustStay(sql: Sql, { month, end }: Pick<Partition, 'month' | 'end'>): Promise<boolean> {
  const { rows } = await sql.query(
    `/* retention.mustStay */
     select from retention_holds h cross join lateral (
       select from events e where e.tenant_id = h.tenant_id
         and e.id >= uuid7_lower_bound($1) and e.id < uuid7_lower_bound($2) limit 1) held
     where h.released_at is null
     union all
     select from ingest_batches where ${waitsFrom('$2')} limit 1`,
    [month, end],
  );
  return rows.length > 0;
}
