import { enrichmentOf, type StoredContext } from '../../src/analytics/properties/event-context.js';
import type { ClickHouse } from '../../src/platform/clickhouse/clickhouse.js';
import { flattenProperties } from '../../src/platform/clickhouse/property-encoding.js';
import { createTables, EVENTS } from '../../src/platform/clickhouse/schema-sql.js';
import { readJson, writeJson } from '../../src/platform/json/json-text.js';
import type { TestDatabase } from './database.js';

type Row = Record<string, unknown> & { payload: string; enrichment: string | null } & StoredContext;

const COUNTED = `
select e.tenant_id, e.id, e.event_type, e.client_id, e.event_id, e.user_id, e.session_id, e.payload::text as payload,
       e.enrichment::text as enrichment, c.user_agent as context_user_agent, c.address as context_address,
       to_char(e.event_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as event_time,
       to_char(e.received_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as received_at
from events e left join event_contexts c on c.tenant_id = e.tenant_id and c.id = e.context_id
join ingest_batches b on b.tenant_id = e.tenant_id and b.id = e.batch_id and b.status = 'processed'
where not exists (select from failed_events f where f.tenant_id = e.tenant_id and f.event_id = e.id)`;

/** Every counted event, at once and without a feed: for tests of what is asked, not of what is sent. */
export async function copyToClickHouse(database: TestDatabase, clickhouse: ClickHouse): Promise<void> {
  for (const sql of createTables({ database: clickhouse.database, cluster: undefined })) await clickhouse.command(sql);
  const rows = await database.query<Row>(COUNTED);
  const copies = rows.map(({ context_user_agent, context_address, payload, enrichment, ...fields }) => {
    const added = enrichment === null ? null : (readJson(enrichment) as Record<string, unknown>);
    const known = enrichmentOf({ enrichment: added, context_user_agent, context_address });
    return {
      ...{ ...fields, payload, enrichment: writeJson(known), shard_key: '1', version: 1, is_deleted: 0 },
      payload_properties: flattenProperties(readJson(payload) as Record<string, unknown>),
      enrichment_properties: flattenProperties(known),
    };
  });
  for (let n = 0; n < copies.length; n += 5_000) await clickhouse.insert(EVENTS, copies.slice(n, n + 5_000));
}
