/**
 * Other people's records that name the user $2, apart from events, entries and calls: those that redacting would
 * change. $3 and $4: identities and sessions, whose events' replaced payloads are the subject's own.
 */
export const OTHER_MENTIONS = `/* erasure.otherMentions */
select (select count(*) from saved_funnels
        where tenant_id = $1 and saved_funnel_redacted(definition, array[$2::text]) <> definition)::int as mentions_in_saved_funnels,
       (select count(*) from saved_segments
        where tenant_id = $1 and filter_redacted(filters, array[$2::text]) <> filters)::int as mentions_in_saved_segments,
       (select count(*) from event_patches p
        where tenant_id = $1 and redact_json(payload, array[$2::text]) <> payload
          and not exists (select from events e where e.tenant_id = $1 and e.id = p.event_id
            and (e.user_id = any($3::text[]) or (e.user_id is null and e.session_id = any($4::text[]))))
       )::int as mentions_in_replaced_payloads`;
