-- JSON as text without its escapes, which would run into words; each is consumed as a pair, so \\n stays apart from
-- \n.
create function audit_json_text(content jsonb) returns text
language sql immutable parallel safe as $$
  select regexp_replace(content::text, '\\(u[0-9a-f]{4}|.)', ' ', 'g')
$$;
