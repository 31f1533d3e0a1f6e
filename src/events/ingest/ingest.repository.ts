import { Injectable } from '@nestjs/common';
import type { Pool } from 'pg';
import { apiCallColumns, INSERT_API_CALLS, unnestApiCalls } from '../../audit/call-log/api-calls.repository.js';
import { Database, isUniqueViolation } from '../../platform/database/database.js';
import { int8Array, textArray, timestamptzArray, uuidArray } from '../../platform/database/pg-arrays.js';
import { parseUuid, uuid7Bytes } from '../../platform/database/uuid7.js';
import { type EventContext, EventContexts } from '../enrichment/event-contexts.js';
import type { AcceptableEvent, EventStatus } from '../parsing/event.js';
import { EVENT_STATUS } from '../../analytics/rollups/counted-events-sql.js';

export interface StoredGroup {
  /** Ids (text) of the events whose key the ledger had already; all others are new and stored. */
  known: Set<string>;
  /** Ids of the batches that now wait to be processed. */
  batchIds: string[];
}

export interface KnownEvent {
  id: string;
  /** Whether the stored event has the same content. */
  same: boolean;
  status: EventStatus;
}

/** True for the events whose key was new. Mostly all are, and then no row needs to be looked up. */
const IS_NEW = '((select all_new from outcome) or id in (select id from ledger))';

/**
 * One statement, so one round trip and one commit for everybody in the group. The ledger decides which events are new.
 * Its rows are inserted in order of key, because two groups that share ids in opposite order would deadlock, and then
 * of id, so that the first of two events with the same key wins. A batch is one tenant's part of the group; it is
 * inserted only if it got an event. So is the call log row of a request.
 */
const insertGroup = (name: string, ledgerRows: string) => `/* ${name} */
with input as materialized (
  select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::text[], $17::uuid[], $18::bigint[])
  as i (key, id, tenant_id, batch_id, client_id, event_id, event_type, user_id, session_id, event_time, received_at,
        payload, call_id, context_id)
), ledger as (
  insert into event_keys (key, id) select key, id from input ${ledgerRows} returning id
), outcome as materialized (
  select count(*) = cardinality($2::uuid[]) as all_new from ledger
), stored as (
  insert into events (tenant_id, id, batch_id, client_id, event_id, event_type, user_id, session_id,
                      event_time, received_at, payload, context_id)
  select tenant_id, id, batch_id, client_id, event_id, event_type, user_id, session_id,
         coalesce(event_time, received_at), received_at, payload::jsonb, context_id
  from input where ${IS_NEW}
), batches as (
  insert into ingest_batches (id, tenant_id, first_id, last_id, event_count)
  select b.id, b.tenant_id, b.first_id, b.last_id, new.count
  from unnest($13::uuid[], $14::uuid[], $15::uuid[], $16::uuid[]) as b (id, tenant_id, first_id, last_id)
  join (select batch_id, count(*) from input where ${IS_NEW} group by batch_id) new on new.batch_id = b.id
  returning id
), contexts as (
  insert into event_contexts (tenant_id, id, user_agent, address)
  select * from unnest($19::uuid[], $20::bigint[], $21::text[], $22::text[]) order by 1, 2 on conflict do nothing
), calls as (
  ${INSERT_API_CALLS} ${unnestApiCalls(23)}
  where (select all_new from outcome) or c.id in (select call_id from input where id in (select id from ledger))
  on conflict do nothing
)
select case when (select all_new from outcome) then '{}'
         else array(select id from input except all select id from ledger) end as known,
       array(select id from batches) as batches`;

/**
 * Nearly always no id repeats within a group or between two groups in flight. Then looking the keys up first and
 * inserting plainly costs a quarter less than `on conflict`, which writes and confirms every row speculatively. Such a
 * repeat makes the statement fail with a unique violation; then the tolerant one runs.
 */
const INSERT_FRESH_GROUP = insertGroup(
  'events.insertFreshGroup',
  'i where not exists (select from event_keys k where k.key = i.key) order by key',
);
const INSERT_GROUP = insertGroup('events.insertGroup', 'order by key, id on conflict (key) do nothing');

/**
 * What is known about events whose key the ledger had: the id of the first event, whether the content is the same, and
 * its status. Content is compared by PostgreSQL (jsonb equality is that of the JSON values, not of their text); a
 * repeat without event_time matches a first one without, and a derived event_time is not part of the content. A patched
 * event is compared as it was sent.
 */
const FIND_KNOWN = `/* events.findKnown */
select i.n, e.id,
       e.event_type = i.event_type and coalesce(p.payload, e.payload) = i.payload::jsonb
         and e.user_id is not distinct from i.user_id and e.session_id is not distinct from i.session_id
         and (i.is_time_derived or e.event_time = coalesce(i.event_time, e.received_at)) as same,
       ${EVENT_STATUS} as status
from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
            $9::boolean[])
  as i (n, key, tenant_id, event_type, user_id, session_id, event_time, payload, is_time_derived)
join event_keys k on k.key = i.key
join events e on e.tenant_id = i.tenant_id and e.id = k.id
left join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id
left join failed_events f on f.tenant_id = e.tenant_id and f.event_id = e.id
left join lateral (
  select payload from event_patches where tenant_id = e.tenant_id and event_id = e.id order by id limit 1
) p on true`;

@Injectable()
export class IngestRepository {
  private readonly pool: Pool;

  constructor(
    database: Database,
    private readonly contexts: EventContexts,
  ) {
    this.pool = database.ingest;
  }

  /** Commits the events that are new. */
  async insertGroup(events: readonly AcceptableEvent[]): Promise<StoredGroup> {
    const batches = new Map<string, Batch>();
    const batchIds = events.map((event) => batchOf(batches, event).id);
    const calls = [...new Set(events.map((event) => event.call))].filter((call) => call !== undefined);
    const contexts = new Map(calls.map((call) => [call, this.contexts.of(call)]));
    const fresh = [...new Set(contexts.values())].filter(
      (context): context is EventContext => context?.stored === false,
    );
    const values = [
      ...columns(events, batches, batchIds),
      ...batchColumns([...batches.values()]),
      uuidArray(events.map((event) => event.call?.id ?? NO_CALL)),
      int8Array(events.map((event) => (event.call === undefined ? null : (contexts.get(event.call)?.id ?? null)))),
      ...contextColumns(fresh),
      ...apiCallColumns(calls),
    ];
    const stored = await this.runInsertGroup(values);
    for (const context of fresh) context.stored = true; // only now is it certain to be stored for later events
    return stored;
  }

  private async runInsertGroup(values: unknown[]): Promise<StoredGroup> {
    try {
      return await this.runInsert('events.insertFreshGroup', INSERT_FRESH_GROUP, values);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      return this.runInsert('events.insertGroup', INSERT_GROUP, values);
    }
  }

  private async runInsert(name: string, text: string, values: unknown[]): Promise<StoredGroup> {
    const { rows } = await this.pool.query<{ known: string[]; batches: string[] }>({ name, text, values });
    const row = rows[0]!; // a select without from has one row
    return { known: new Set(row.known), batchIds: row.batches };
  }

  /** One entry per event, in order; undefined where the ledger has no event that still exists. */
  async findKnown(events: readonly AcceptableEvent[]): Promise<(KnownEvent | undefined)[]> {
    const { rows } = await this.pool.query<KnownEvent & { n: number }>({
      name: 'events.findKnown',
      text: FIND_KNOWN,
      values: [
        events.map((_event, n) => n),
        uuidArray(events.map((event) => event.key)),
        uuidArray(events.map((event) => tenantBytes(event.tenantId))),
        textArray(events.map((event) => event.eventType)),
        textArray(events.map((event) => event.userId)),
        textArray(events.map((event) => event.sessionId)),
        timestamptzArray(events.map((event) => event.eventTime)),
        textArray(events.map((event) => event.payload)),
        events.map((event) => event.isTimeDerived),
      ],
    });
    const known = new Array<KnownEvent | undefined>(events.length).fill(undefined);
    for (const { n, ...event } of rows) known[n] = event;
    return known;
  }
}

/** In the place of a call, for an event that came without one. */
const NO_CALL = Buffer.alloc(16);

interface Batch {
  id: Buffer;
  tenantId: string;
  firstId: Buffer;
  lastId: Buffer;
}

function batchOf(batches: Map<string, Batch>, event: AcceptableEvent): Batch {
  let batch = batches.get(event.tenantId);
  if (batch === undefined) {
    batch = { id: uuid7Bytes(), tenantId: event.tenantId, firstId: event.id, lastId: event.id };
    batches.set(event.tenantId, batch);
  }
  if (event.id.compare(batch.firstId) < 0) batch.firstId = event.id;
  if (event.id.compare(batch.lastId) > 0) batch.lastId = event.id;
  return batch;
}

function columns(events: readonly AcceptableEvent[], batches: Map<string, Batch>, batchIds: Buffer[]): Buffer[] {
  const tenants = new Map([...batches.keys()].map((tenantId) => [tenantId, tenantBytes(tenantId)]));
  return [
    uuidArray(events.map((event) => event.key)),
    uuidArray(events.map((event) => event.id)),
    uuidArray(events.map((event) => tenants.get(event.tenantId)!)),
    uuidArray(batchIds),
    textArray(events.map((event) => event.clientId)),
    textArray(events.map((event) => event.eventId)),
    textArray(events.map((event) => event.eventType)),
    textArray(events.map((event) => event.userId)),
    textArray(events.map((event) => event.sessionId)),
    timestamptzArray(events.map((event) => event.eventTime)),
    timestamptzArray(events.map((event) => event.receivedAt)),
    textArray(events.map((event) => event.payload)),
  ];
}

function batchColumns(batches: readonly Batch[]): Buffer[] {
  return [
    uuidArray(batches.map((batch) => batch.id)),
    uuidArray(batches.map((batch) => tenantBytes(batch.tenantId))),
    uuidArray(batches.map((batch) => batch.firstId)),
    uuidArray(batches.map((batch) => batch.lastId)),
  ];
}

function contextColumns(contexts: readonly EventContext[]): Buffer[] {
  return [
    uuidArray(contexts.map((context) => tenantBytes(context.tenantId))),
    int8Array(contexts.map((context) => context.id)),
    textArray(contexts.map((context) => context.userAgent)),
    textArray(contexts.map((context) => context.address)),
  ];
}

const tenantBytes = parseUuid;
