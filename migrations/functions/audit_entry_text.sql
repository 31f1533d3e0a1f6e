-- What full-text search looks at in an entry.
create function audit_entry_text(message text, resource_type text, resource_id text, functionality text,
  event_type text, before_state jsonb, after_state jsonb, metadata jsonb) returns text
language sql immutable parallel safe
return coalesce(message, '') || ' ' || resource_type || ' ' || coalesce(resource_id, '') || ' ' ||
  coalesce(functionality, '') || ' ' || coalesce(event_type, '') || ' ' ||
  coalesce(audit_json_text(before_state), '') || ' ' || coalesce(audit_json_text(after_state), '') || ' ' ||
  coalesce(audit_json_text(metadata), '');
