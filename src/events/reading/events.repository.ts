import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { toIso } from '../../platform/http/query.dto.js';
import { DAY_MS, type TimeRange } from '../../platform/time/time.js';
import { formatUuid } from '../../platform/database/uuid7.js';
import { parseUserAgent } from './user-agent.js';
import type { EventStatus } from '../parsing/event.js';
import { ledgerKey } from '../parsing/event-parser.js';
import type { EventResponse } from './events.dto.js';
import { EVENT_STATUS } from '../../analytics/rollups/counted-events-sql.js';

export interface EventFilter {
  event_type?: string | undefined;
  user_id?: string | undefined;
  session_id?: string | undefined;
  client_id?: string | undefined;
  status?: EventStatus | undefined;
}

interface EventRow extends Omit<EventResponse, 'event_time' | 'received_at' | 'processed_at'> {
  event_time: Date;
  received_at: Date;
  processed_at: Date | null;
  context_user_agent: string | null;
  context_address: string | null;
}

const EVENT = `
  e.id, e.event_id, e.event_type, e.event_time, e.received_at, b.processed_at, ${EVENT_STATUS} as status,
  e.client_id, e.user_id, e.session_id, e.payload, coalesce(e.enrichment, '{}') as enrichment,
  c.user_agent as context_user_agent, c.address as context_address`;

const WITH_STATUS = `
  left join event_contexts c on c.tenant_id = e.tenant_id and c.id = e.context_id
  left join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id
  left join failed_events f on f.tenant_id = e.tenant_id and f.event_id = e.id`;

const FIND_BY_ID = `/* events.findById */
select ${EVENT} from events e ${WITH_STATUS} where e.tenant_id = $1 and e.id = $2`;

const FIND_BY_KEY = `/* events.findByKey */
select ${EVENT} from event_keys k join events e on e.tenant_id = $1 and e.id = k.id ${WITH_STATUS} where k.key = $2`;

/**
 * Newest first by receipt, along the primary key. An event is received at most a day before it happens
 * (event_time ≤ receipt + 1 day), so ids below `from` minus a day cannot match: $8.
 */
const LIST = `/* events.list */
select ${EVENT} from events e ${WITH_STATUS}
where e.tenant_id = $1 and e.event_time >= $2 and e.event_time < $3
  and ($4::text is null or e.event_type = $4) and ($5::text is null or e.user_id = $5)
  and ($6::text is null or e.session_id = $6) and ($7::text is null or e.client_id = $7)
  and e.id >= uuid7_lower_bound($8) and ($9::uuid is null or e.id < $9)
  and ($10::text is null or ${EVENT_STATUS} = $10)
order by e.id desc limit $11`;

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
      const { rows } = await sql.query<EventRow>(LIST, [
        tenantId,
        toIso(range.from),
        toIso(range.to),
        filter.event_type ?? null,
        filter.user_id ?? null,
        filter.session_id ?? null,
        filter.client_id ?? null,
        toIso(range.from - DAY_MS),
        before ?? null,
        filter.status ?? null,
        limit,
      ]);
      return rows.map(toResponse);
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
    event_time: row.event_time.toISOString(),
    received_at: row.received_at.toISOString(),
    processed_at: row.processed_at?.toISOString() ?? null,
    enrichment: { ...describeContext(context_user_agent, context_address), ...enrichment },
  };
}

/** Computed when it is read: most events are never read one by one. A client's own `context` has precedence. */
function describeContext(userAgent: string | null, address: string | null): Record<string, unknown> {
  if (userAgent === null && address === null) return {};
  const parsed = userAgent === null ? { browser: null, os: null, device: 'other' } : parseUserAgent(userAgent);
  return { context: { ip: address, user_agent: userAgent, ...parsed } };
}
