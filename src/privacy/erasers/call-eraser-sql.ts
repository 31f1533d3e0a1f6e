export const ERASE_PATHS = '/* erasure.paths */ select erase_api_paths($1, $2::uuid[])::int as n';

export const REDACT_FUNNELS = `/* erasure.redactFunnels */
with redacted as (
  update saved_funnels set definition = saved_funnel_redacted(definition, array[$2::text])
  where tenant_id = $1 and saved_funnel_redacted(definition, array[$2::text]) <> definition returning 1
)
select count(*)::int as redacted_in_saved_funnels from redacted`;

export const REDACT_SEGMENTS = `/* erasure.redactSegments */
with redacted as (
  update saved_segments set filters = filter_redacted(filters, array[$2::text])
  where tenant_id = $1 and filter_redacted(filters, array[$2::text]) <> filters returning 1
)
select count(*)::int as redacted_in_saved_segments from redacted`;

export const REDACT_PATCHES = `/* erasure.redactReplacedPayloads */
with redacted as (
  update event_patches set payload = redact_json(payload, array[$2::text])
  where tenant_id = $1 and redact_json(payload, array[$2::text]) <> payload returning 1
)
select count(*)::int as redacted_in_replaced_payloads from redacted`;
