-- A funnel without the values of its conditions that are the subject; what else stands in it is no person.
create function funnel_redacted(definition jsonb, targets text[]) returns jsonb
language sql immutable parallel safe as $$
  select jsonb_set(definition, '{steps}', coalesce(jsonb_agg(
    case when s.step ? 'where' then jsonb_set(s.step, '{where}', public.redact_json(s.step -> 'where', targets))
         else s.step end order by s.place), '[]'))
  from jsonb_array_elements(definition -> 'steps') with ordinality as s (step, place)
$$;
