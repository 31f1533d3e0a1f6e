-- The words of a text in their order, each between single spaces: what a phrase is looked for in.
create function audit_plain_text(content text) returns text
language sql immutable parallel safe
return ' ' || btrim(regexp_replace(lower(audit_spaced_text(content)), '\s+', ' ', 'g')) || ' ';
