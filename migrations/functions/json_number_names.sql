-- Whether a JSON number is the subject.
create function json_number_names(value jsonb, subject text) returns boolean
language plpgsql immutable parallel safe as $$
begin
  if subject !~ '^(0|-?[1-9][0-9]{0,30})$' then return false; end if;
  return jsonb_typeof(value) = 'number' and value = to_jsonb(subject::numeric);
end $$;
