-- A term that a person looks for, read the way entries are:
-- - words: all of them must occur; the index answers it. Of a run of a script without spaces those are its pairs of
--   characters, or what begins with its only one.
-- - phrase: they must follow each other, as far as positions tell. Null where that needs no check, or where they cannot
--   tell it: between runs of different scripts.
-- - part: the term within audit_plain_text; null where the words alone decide.
create function audit_search_term(term text, is_prefix boolean, out words tsquery, out phrase tsquery, out part text)
language plpgsql immutable parallel safe as $$
declare
  unspaced text := audit_unspaced_scripts();
  plain    text := audit_plain_text(term);
  spaced   text := plain;
  run      text;
  pairs    text;
  runs     integer := 0;
begin
  words := ''::tsquery;
  for run in select matched[1] from regexp_matches(plain, '[' || unspaced || ']+', 'g') as matched loop
    runs := runs + 1;
    if length(run) = 1 then
      words := words && to_tsquery('simple', '''' || run || ''':*');
      pairs := '';
    else
      pairs := array_to_string(array(select substr(run, n, 2) from generate_series(1, length(run) - 1) n), ' ');
      words := words && plainto_tsquery('simple', pairs);
    end if;
    spaced := replace(spaced, ' ' || run || ' ', '  ');
  end loop;
  if btrim(spaced) <> '' then
    words := words && case when is_prefix and plain ~ ('[^' || unspaced || '] $')
      then (plainto_tsquery('simple', spaced)::text || ':*')::tsquery else plainto_tsquery('simple', spaced) end;
  end if;
  if numnode(words) < 2 then return; end if;
  part := case when plain ~ ('^ [' || unspaced || ']') then ltrim(plain) else plain end;
  if is_prefix or plain ~ ('[' || unspaced || '] $') then part := rtrim(part); end if;
  if runs = 0 then
    phrase := case when is_prefix then (phraseto_tsquery('simple', plain)::text || ':*')::tsquery
      else phraseto_tsquery('simple', plain) end;
  elsif runs = 1 and btrim(spaced) = '' then
    phrase := phraseto_tsquery('simple', pairs);
  end if;
end $$;
