import { Injectable } from '@nestjs/common';
import { IS_WAITING, PENDING_EVENTS } from '../analytics/rollups/counted-events-sql.js';
import { Database, type Sql } from '../platform/database/database.js';
import { parseUuid, uuid7Time } from '../platform/database/uuid7.js';
import { type Measured, measureStorage } from '../retention/storage/storage.repository.js';

/** Counting ends here: more of it says nothing new, and takes longer the worse things are. */
const MOST = 100_000;
const TENANTS = 1_000;
const STATEMENT_TIMEOUT_MS = 2_000;

/** What is asked of all tenants together. */
export interface Installation {
  pendingEvents: number;
  pendingBatches: number;
  pendingOldestSeconds: number;
  openDeadLetters: number;
  deadDeadLetters: number;
  unsealedEntries: number;
  unsealedOldestSeconds: number;
  /** null as long as nothing was ever signed. */
  checkpointSeconds: number | null;
  inconsistentTrees: number;
  databaseBytes: number;
  /** null where no worker feeds ClickHouse; so is the next. */
  clickhouseWaiting: number | null;
  clickhouseLagSeconds: number | null;
}

const limited = (table: string, condition: string) =>
  `(select count(*)::float8 from (select from ${table} where ${condition} limit ${MOST}) counted)`;

/** Of the feed of ClickHouse, where there is one. */
const FEED = `
  (select (select coalesce(sum(event_count), 0)::float8 from clickhouse_batches where sent_at is null)
     + ${limited('clickhouse_changes', 'true')} from clickhouse_feeds) as "clickhouseWaiting",
  (select greatest(0, coalesce(extract(epoch from clock_timestamp() - least(
       (select min(queued_at) from clickhouse_batches where sent_at is null),
       (select min(changed_at) from clickhouse_changes))), 0))::float8 from clickhouse_feeds) as "clickhouseLagSeconds"`;

/**
 * The oldest waiting entry of each tenant by one step along the primary key, however many wait; the newest checkpoint
 * of each tenant likewise.
 */
const READ = `/* installation.read */
with recursive first_unsealed (tenant_id, entry_id) as (
  (select tenant_id, entry_id from audit_unsealed order by tenant_id, entry_id limit 1)
  union all
  select next.tenant_id, next.entry_id from first_unsealed f
  cross join lateral (
    select tenant_id, entry_id from audit_unsealed u where u.tenant_id > f.tenant_id order by tenant_id, entry_id limit 1
  ) next
)
select pending.events as "pendingEvents", pending.batches as "pendingBatches", pending.age as "pendingOldestSeconds",
  ${limited('failed_events', `state = 'open'`)} as "openDeadLetters",
  ${limited('failed_events', `state = 'dead'`)} as "deadDeadLetters",
  ${limited('audit_unsealed', 'true')} as "unsealedEntries",
  (select entry_id from first_unsealed order by entry_id limit 1) as unsealed,
  (select extract(epoch from clock_timestamp() - max(newest.signed_at))::float8 from audit_trees t
   cross join lateral (
     select signed_at from audit_checkpoints c where c.tenant_id = t.tenant_id order by hour desc limit 1
   ) newest) as "checkpointSeconds",
  (select count(*)::float8 from audit_inconsistencies) as "inconsistentTrees",
  pg_database_size(current_database())::float8 as "databaseBytes", ${FEED}
from (
  select ${PENDING_EVENTS} as events, count(*)::float8 as batches,
    greatest(coalesce(extract(epoch from clock_timestamp() - min(received_at)), 0), 0)::float8 as age
  from ingest_batches where ${IS_WAITING}
) pending`;

const PENDING_BY_TENANT = `/* installation.pendingByTenant */
select tenant_id as tenant, ${PENDING_EVENTS} as events from ingest_batches where ${IS_WAITING}
group by tenant_id order by events desc limit ${TENANTS}`;

/** Spans tenants, so it runs as the system role; nothing of a tenant but its id leaves it. */
@Injectable()
export class InstallationRepository {
  constructor(private readonly database: Database) {}

  read(): Promise<Installation> {
    return this.database.inSystem((sql) => this.readIn(sql));
  }

  /** @param sql a transaction of the system role, whose statements have little time from now on */
  async readIn(sql: Sql): Promise<Installation> {
    await limitStatements(sql);
    const { rows } = await sql.query<Omit<Installation, 'unsealedOldestSeconds'> & { unsealed: string | null }>(READ);
    const { unsealed, ...numbers } = rows[0]!; // a select of aggregates has one row
    const age = unsealed === null ? 0 : (Date.now() - uuid7Time(parseUuid(unsealed))) / 1_000;
    return { ...numbers, unsealedOldestSeconds: Math.max(0, age) };
  }

  /** It opens every table, so it fails while somebody locks one, instead of waiting for them. */
  measureStorage(): Promise<Measured> {
    return this.database.inSystem(async (sql) => {
      await limitStatements(sql);
      return measureStorage(sql);
    });
  }

  /** Of the tenants that have most. */
  async listPendingByTenant(): Promise<{ tenant: string; events: number }[]> {
    return (await this.database.system.query<{ tenant: string; events: number }>(PENDING_BY_TENANT)).rows;
  }
}

async function limitStatements(sql: Sql): Promise<void> {
  await sql.query(`/* installation.limit */ select set_config('statement_timeout', $1, true)`, [
    String(STATEMENT_TIMEOUT_MS),
  ]);
}
