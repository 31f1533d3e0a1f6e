-- Puts "[redacted]" in the place of each value for which json_names answers 2, and leaves everything else as it is:
-- whole values at any depth; never a key, never a part of a string.
create function redact_json(content jsonb, targets text[]) returns jsonb
language plpgsql immutable parallel safe as $$
begin
  return public.redact_json_value(content, targets,
    array(select lower(t) from unnest(targets) t where public.folds_case(t)),
    array(select to_jsonb(t::numeric) from unnest(targets) t where t ~ '^(0|-?[1-9][0-9]{0,30})$'), false);
end $$;
