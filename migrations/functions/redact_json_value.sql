-- The recursion of redact_json.
create function redact_json_value(content jsonb, targets text[], folded text[], numbers jsonb[], identifying boolean)
returns jsonb
language plpgsql immutable parallel safe as $$
begin
  case jsonb_typeof(content)
  when 'string' then
    return case when content #>> '{}' = any(targets) or lower(content #>> '{}') = any(folded) then '"[redacted]"'::jsonb
                else content end;
  when 'number' then
    return case when identifying and content = any(numbers) then '"[redacted]"'::jsonb else content end;
  when 'array' then
    return coalesce((select jsonb_agg(public.redact_json_value(item, targets, folded, numbers,
                       identifying and jsonb_typeof(item) = 'number') order by n)
                     from jsonb_array_elements(content) with ordinality as e (item, n)), '[]');
  when 'object' then
    return coalesce((select jsonb_object_agg(key, public.redact_json_value(value, targets, folded, numbers,
                       key = any(public.identifying_names()))) from jsonb_each(content)), '{}');
  else
    return content;
  end case;
end $$;
