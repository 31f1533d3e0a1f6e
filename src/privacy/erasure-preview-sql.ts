const OWN_CALLS = `(select count(*) from api_audit_logs where tenant_id = $1 and id = any($2::uuid[])
          and (ip is not null or user_agent is not null))::int`;

export const HANG_ON_EVENTS = `/* erasurePreview.eventParts */
select (select count(*) from failed_events where tenant_id = $1 and event_id = any($2::uuid[]))::int as dead_letters,
       (select count(*) from event_patches where tenant_id = $1 and event_id = any($2::uuid[]))::int as replaced_payloads,
       ${OWN_CALLS} as call_rows`;

export const COUNT_OWN_CALLS = `/* erasurePreview.ownCalls */ select ${OWN_CALLS} as call_rows`;

export const DAYS = `/* erasurePreview.days */
select (select count(*) from user_days where tenant_id = $1
          and user_key in (select subject_key(s) from unnest($2::text[]) as s))::int as user_days,
       (select count(*) from session_days where tenant_id = $1
          and session_key in (select subject_key(s) from unnest($3::text[]) as s))::int as session_days`;

export const HAS_OWN = `/* erasurePreview.hasOwn */
select exists (select from events where tenant_id = $1 and user_id = $2)
    or exists (select from audit_entries where tenant_id = $1 and user_id = $2) as found`;
