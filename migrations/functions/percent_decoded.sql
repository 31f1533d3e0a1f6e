-- A segment of a path. `cut`: it may end within a character.
create function percent_decoded(segment text, cut boolean) returns text
language plpgsql immutable parallel safe as $$
declare
  bytes bytea := '';
  rest  text := case when cut then regexp_replace(segment, '%[0-9A-Fa-f]?$', '') else segment end;
  part  text;
begin
  if segment !~ '[%\u0080-\u00ff]' then return segment; end if;
  for part in select m[1] from regexp_matches(rest, '%[0-9A-Fa-f]{2}|[^%]+|%', 'g') as m loop
    bytes := bytes || case when part ~ '^%..$' then decode(substr(part, 2), 'hex') else convert_to(part, 'LATIN1') end;
  end loop;
  for missing in 0 .. case when cut then 3 else 0 end loop
    begin
      return convert_from(substr(bytes, 1, length(bytes) - missing), 'UTF8');
    exception when character_not_in_repertoire or untranslatable_character then
      null;
    end;
  end loop;
  return segment;
exception when untranslatable_character then
  return segment;
end $$;
