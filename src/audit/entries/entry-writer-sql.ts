import { INSERT_API_CALLS, unnestApiCalls } from '../call-log/api-calls.repository.js';
import { JSON_FIELDS } from '../transparency-log/leaf.js';

export const TEXT_COLUMNS = [
  'source',
  'client_id',
  'action_type',
  'resource_type',
  'resource_id',
  'severity',
  'status',
  'user_id',
  'session_id',
  'ip_address',
  'user_agent',
  'message',
  'functionality',
  'event_type',
  'idempotency_key',
] as const;

const STORED = `tenant_id, id, key_id, occurred_at, created_at, salts, leaf, store_id, company_id, ${TEXT_COLUMNS.join(', ')}`;
const UNNESTED = [
  ...['uuid', 'uuid', 'uuid', 'timestamptz', 'timestamptz', 'bytea', 'bytea', 'bigint', 'bigint'],
  ...[...TEXT_COLUMNS, ...JSON_FIELDS].map(() => 'text'),
  ...['uuid', 'bytea'],
];

/**
 * One statement, so one round trip and one commit. The ledger decides which entries are new; its rows go in sorted,
 * because two requests that share keys in opposite order would deadlock.
 */
const insertEntries = (name: string, more: string) => `/* ${name} */
with input as materialized (
  select * from unnest(${UNNESTED.map((type, n) => `$${n + 1}::${type}[]`).join(', ')})
  as i (${STORED}, ${JSON_FIELDS.join(', ')}, key, fingerprint)
), ledger as (
  insert into audit_keys (key, tenant_id, id, fingerprint)
  select key, tenant_id, id, fingerprint from input where key is not null order by key, id
  on conflict (key) do nothing returning id
), stored as (
  insert into audit_entries (${STORED}, ${JSON_FIELDS.join(', ')})
  select ${STORED}, ${JSON_FIELDS.map((column) => `${column}::jsonb`).join(', ')}
  from input where key is null or id in (select id from ledger)
  returning id
)${more}
select id from stored`;

export const INSERT = insertEntries('auditEntries.insert', '');
export const INSERT_WITH_CALL = insertEntries(
  'auditEntries.insertWithCall',
  `, call as (${INSERT_API_CALLS} ${unnestApiCalls(UNNESTED.length + 1)}
  where exists (select from stored) on conflict do nothing)`,
);

export const FIND_KNOWN = `/* auditEntries.findKnown */
select i.n, k.id, k.fingerprint = i.fingerprint as same
from unnest($1::int[], $2::uuid[], $3::bytea[]) as i (n, key, fingerprint) join audit_keys k on k.key = i.key`;
