-- A text with composed characters (NFC), so that é is found however it was written.
create function audit_composed(content text) returns text
language sql immutable parallel safe
return case when octet_length(content) = char_length(content) then content else normalize(content, NFC) end;
