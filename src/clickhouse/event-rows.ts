import { enrichmentOf } from '../analytics/properties/event-context.js';
import { flattenProperties } from '../platform/clickhouse/property-encoding.js';
import { readJson, writeJson } from '../platform/json/json-text.js';

/** An event as it is read for ClickHouse, under a version. */
export interface FedEvent {
  tenant_id: string;
  id: string;
  event_type: string;
  event_time: string;
  received_at: string;
  client_id: string;
  event_id: string;
  user_id: string | null;
  session_id: string | null;
  payload: string;
  enrichment: string | null;
  context_user_agent: string | null;
  context_address: string | null;
  shard_key: string;
  is_counted: boolean;
}

/** What is left of an event that is not counted any more: its place, without anything about anybody. */
export interface Tombstone {
  tenant_id: string;
  id: string;
  event_type: string;
  event_time: string;
  shard_key: string;
}

/** Its row for ClickHouse: everything that a question may ask, so that nothing has to be computed there. */
export function rowOf(event: FedEvent, version: number): object {
  if (!event.is_counted) return tombstoneOf(event, version);
  const { payload, enrichment, context_user_agent, context_address, is_counted: _counted, ...fields } = event;
  const known = enrichmentOf({
    enrichment: enrichment === null ? null : objectOf(enrichment),
    context_user_agent,
    context_address,
  });
  return {
    ...fields,
    payload,
    enrichment: writeJson(known),
    payload_properties: flattenProperties(objectOf(payload)),
    enrichment_properties: flattenProperties(known),
    version,
    is_deleted: 0,
  };
}

export function tombstoneOf({ tenant_id, id, event_type, event_time, shard_key }: Tombstone, version: number): object {
  return { tenant_id, id, event_type, event_time, shard_key, version, is_deleted: 1 };
}

const objectOf = (json: string) => readJson(json) as Record<string, unknown>;
