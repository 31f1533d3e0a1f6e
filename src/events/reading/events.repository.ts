import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { printedTime } from '../../platform/database/time-sql.js';
import type { TimeRange } from '../../platform/time/time.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { formatUuid } from '../../platform/database/uuid7.js';
import type { EventStatus } from '../parsing/event.js';
import { ledgerKey } from '../parsing/event-parser.js';
import type { EventResponse } from './events.dto.js';
import {
  CONTEXT_COLUMNS,
  enrichmentOf,
  type StoredContext,
  WITH_CONTEXT,
} from '../../analytics/properties/event-context.js';
import { happenedIn } from '../../analytics/properties/event-range-sql.js';
import { type Filter } from '../../analytics/filters/filter.js';
import { type FilterSql, filterSqlFor } from '../../analytics/filters/filter-sql.js';
import { EVENT_FIELDS } from '../../analytics/properties/event-property.js';
import { EVENT_STATUS } from '../../analytics/rollups/counted-events-sql.js';

export interface EventFilter {
  event_type?: string | undefined;
  user_id?: string | undefined;
  session_id?: string | undefined;
  client_id?: string | undefined;
  status?: EventStatus | undefined;
  /** What else must be true of them. */
  condition?: Filter | undefined;
}

interface EventRow extends Omit<EventResponse, 'received_at' | 'processed_at' | 'enrichment'>, StoredContext {
  received_at: Date;
  processed_at: Date | null;
}

const EVENT = `
  e.id, e.event_id, e.event_type, ${printedTime('e.event_time')} as event_time, e.received_at, b.processed_at, ${EVENT_STATUS} as status,
  e.client_id, e.user_id, e.session_id, e.payload, ${CONTEXT_COLUMNS}`;

const WITH_STATUS = `
  ${WITH_CONTEXT}
  left join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id
  left join failed_events f on f.tenant_id = e.tenant_id and f.event_id = e.id`;

const FIND_BY_ID = `/* events.findById */
select ${EVENT} from events e ${WITH_STATUS} where e.tenant_id = $1 and e.id = $2`;

const FIND_BY_KEY = `/* events.findByKey */
select ${EVENT} from event_keys k join events e on e.tenant_id = $1 and e.id = k.id ${WITH_STATUS} where k.key = $2`;

/** Events after `before`, newest first. */
interface EventPage {
  range: TimeRange;
  filter: EventFilter;
  limit: number;
  before: string | undefined;
}

/** Newest first by receipt, along the primary key. */
function listSql(
  tenantId: string,
  { range, filter, limit, before }: EventPage,
  parameters: Parameters,
  filters: FilterSql,
) {
  const { status, condition } = filter;
  const where = [
    happenedIn(tenantId, range, parameters),
    ...EVENT_FIELDS.filter((field) => filter[field] !== undefined).map(
      (field) => `e.${field} = ${parameters.add(filter[field])}`,
    ),
    ...(before === undefined ? [] : [`e.id < ${parameters.add(before)}`]),
    ...(status === undefined ? [] : [`${EVENT_STATUS} = ${parameters.add(status)}`]),
    ...(condition === undefined ? [] : [filters.condition(condition)]),
  ];
  const text = `/* events.list */
select ${EVENT} from events e ${WITH_STATUS} where ${where.join('\n  and ')}
order by e.id desc limit ${parameters.add(limit)}`;
  return text;
}

@Injectable()
export class EventsRepository {
  constructor(private readonly database: Database) {}

  async findById(tenantId: string, id: string): Promise<EventResponse | null> {
    return this.findOne(tenantId, FIND_BY_ID, id);
  }

  async findByEventId(tenantId: string, clientId: string, eventId: string): Promise<EventResponse | null> {
    return this.findOne(tenantId, FIND_BY_KEY, formatUuid(ledgerKey(tenantId, clientId, eventId)));
  }

  /** Up to `limit` events below the id `before`, newest first. */
  async list(
    tenantId: string,
    range: TimeRange,
    filter: EventFilter,
    limit: number,
    before?: string,
  ): Promise<EventResponse[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const parameters = new Parameters();
      const filters = await filterSqlFor(sql, tenantId, parameters, [filter.condition]);
      const text = listSql(tenantId, { range, filter, limit, before }, parameters, filters);
      return (await sql.query<EventRow>(text, parameters.values)).rows.map(toResponse);
    });
  }

  /**
   * Merges properties (JSON of an object) into the enrichment of an event, whose row lock makes concurrent calls wait
   * for each other.
   * @returns false when the result would have more than `maxBytes` or `maxNames`, or the event is gone
   */
  async enrich(tenantId: string, id: string, properties: string, maxBytes: number, maxNames: number): Promise<boolean> {
    return this.database.inTenant(tenantId, async (sql) => {
      const { rowCount } = await sql.query(
        `/* events.enrich */
         update events set enrichment = coalesce(enrichment, '{}') || $3::jsonb
         where tenant_id = $1 and id = $2
           and octet_length((coalesce(enrichment, '{}') || $3::jsonb)::text) <= $4
           and (select count(*) from jsonb_object_keys(coalesce(enrichment, '{}') || $3::jsonb)) <= $5`,
        [tenantId, id, properties, maxBytes, maxNames],
      );
      return rowCount === 1;
    });
  }

  private async findOne(tenantId: string, text: string, value: string): Promise<EventResponse | null> {
    return this.database.readInTenant(tenantId, async (sql: Sql) => {
      const { rows } = await sql.query<EventRow>(text, [tenantId, value]);
      return rows[0] === undefined ? null : toResponse(rows[0]);
    });
  }
}

function toResponse({ context_user_agent, context_address, enrichment, ...row }: EventRow): EventResponse {
  return {
    ...row,
    received_at: row.received_at.toISOString(),
    processed_at: row.processed_at?.toISOString() ?? null,
    enrichment: enrichmentOf({ enrichment, context_user_agent, context_address }),
  };
}
