-- A saved funnel without the values of its conditions and filters that are the subject.
create function saved_funnel_redacted(definition jsonb, targets text[]) returns jsonb
language sql immutable parallel safe as $$
  select jsonb_set(definition, '{steps}', coalesce(jsonb_agg(
    case when s.step ? 'filters'
         then jsonb_set(s.step, '{filters}', public.filter_redacted(s.step -> 'filters', targets))
         else s.step end order by s.place), '[]'))
  from jsonb_array_elements(public.funnel_redacted(definition, targets) -> 'steps') with ordinality as s (step, place)
$$;
