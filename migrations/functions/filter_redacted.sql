-- A filter without the values that are the subject. Names, operators and groups are no person. Beside its property a
-- value is redacted as it would be in an event.
create function filter_redacted(filter jsonb, targets text[]) returns jsonb
language plpgsql immutable parallel safe as $$
declare
  glue text;
  name text := regexp_replace(filter ->> 'property', '^.*\.', '');
begin
  foreach glue in array array['and', 'or'] loop
    if filter ? glue then
      return jsonb_build_object(glue, (
        select coalesce(jsonb_agg(public.filter_redacted(part, targets) order by place), '[]')
        from jsonb_array_elements(filter -> glue) with ordinality as p (part, place)));
    end if;
  end loop;
  if not filter ? 'value' then return filter; end if;
  return jsonb_set(filter, '{value}', public.redact_json(jsonb_build_object(name, filter -> 'value'), targets) -> name);
end $$;
