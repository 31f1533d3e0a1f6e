const LATECOMERS_PER_STEP = 20_000;

/**
 * Rows stay, so counts stay; the ledger's key stays, so a late retry stores nothing. What later steps need of the
 * values is noted: ids that clients gave, for paths of calls; sessions, for the rollups; contexts, which others may
 * share.
 */
export const ERASE_OWN = `/* erasure.ownEvents */
with old as materialized (
  select id, client_id, event_id, session_id, context_id from events where tenant_id = $1 and id = any($3::uuid[]) for update
), noted as (
  insert into privacy_erasure_values (tenant_id, erasure_id, kind, client_id, value)
  select $1::uuid, $2::uuid, 'event_id', client_id, event_id from old where event_id <> id::text
  union select $1::uuid, $2::uuid, 'session', '', session_id from old where session_id is not null
  union select $1::uuid, $2::uuid, 'context', '', context_id::text from old where context_id is not null
  on conflict do nothing
), own as (
  update events e
  set user_id = null, session_id = null, payload = '{}', enrichment = null, event_id = e.id::text, context_id = null
  from old where e.tenant_id = $1 and e.id = old.id returning e.id
), dead_letters as (
  update failed_events f set reason = 'the subject was erased', state = 'discarded', next_retry_at = null
  where tenant_id = $1 and event_id = any($3::uuid[]) returning 1
), patches as (
  delete from event_patches where tenant_id = $1 and event_id = any($3::uuid[]) returning 1
)
select (select count(*) from own)::int as events, (select count(*) from dead_letters)::int as dead_letters,
       (select count(*) from patches)::int as replaced_payloads,
       erase_own_api_calls($1, $3::uuid[])::int as call_rows`;

export const REDACT = `/* erasure.redactEvents */
with redacted as (
  update events set payload = redact_json(payload, array[$3::text]), enrichment = redact_json(enrichment, array[$3::text])
  where tenant_id = $1 and id = any($2::uuid[]) returning 1
)
select count(*)::int as redacted_in_events from redacted`;

export const FIND_LATECOMERS = `/* erasure.findLatecomers */
select coalesce(array_agg(id), '{}') as own from (
  select id from events where tenant_id = $1 and user_id = any($2::text[]) limit ${LATECOMERS_PER_STEP}) s`;

/** Contexts of the subject's events that others share, in a page of events. */
export const FORGET_SHARED_CONTEXTS = `/* erasure.forgetSharedContexts */
delete from privacy_erasure_values v
where tenant_id = $1 and erasure_id = $4 and kind = 'context' and value in (
  select context_id::text from events where tenant_id = $1 and id > $2 and id <= $3 and context_id is not null)`;

export const DELETE_CONTEXTS = `/* erasure.deleteContexts */
with deleted as (
  delete from event_contexts where tenant_id = $1
    and id in (select value::bigint from privacy_erasure_values where tenant_id = $1 and erasure_id = $2 and kind = 'context')
  returning 1
)
select count(*)::int as event_contexts from deleted`;

export const HAS_CONTEXTS = `/* erasure.hasContexts */
select from privacy_erasure_values where tenant_id = $1 and erasure_id = $2 and kind = 'context' limit 1`;
