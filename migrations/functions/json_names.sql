-- Whether a JSON value names the subject, by walking the value; its text is never searched and replaced.
-- 2: a whole value is the subject; 1: a longer text contains it; 0: neither.
create function json_names(doc jsonb, subject text, fold boolean) returns integer
language plpgsql immutable parallel safe as $$
begin
  if exists (select from jsonb_path_query(doc, 'strict $.** ? (@.type() == "string")') as s (value)
             where public.text_names(s.value #>> '{}', subject, fold)) then
    return 2;
  end if;
  if subject ~ '^(0|-?[1-9][0-9]{0,30})$' and exists (
       select from jsonb_path_query(doc, 'strict $.** ? (@.type() == "object")') as o (value),
         lateral jsonb_each(o.value) as m (name, value),
         lateral jsonb_array_elements(
           case jsonb_typeof(m.value) when 'array' then m.value else jsonb_build_array(m.value) end) as n (value)
       where m.name = any(public.identifying_names()) and public.json_number_names(n.value, subject)) then
    return 2;
  end if;
  return case when exists (
      select from jsonb_path_query(doc, 'strict $.** ? (@.type() == "string")') as s (value)
      where strpos(case when fold then lower(s.value #>> '{}') else s.value #>> '{}' end,
                   case when fold then lower(subject) else subject end) > 0) then 1 else 0 end;
end $$;
