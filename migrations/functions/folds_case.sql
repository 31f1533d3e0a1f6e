-- E-mail addresses are the same in upper and lower case.
create function folds_case(subject text) returns boolean
language sql immutable parallel safe as $$
  select subject ~ '^[^@[:space:][:cntrl:]]+@[^@[:space:][:cntrl:]]+$'
$$;
