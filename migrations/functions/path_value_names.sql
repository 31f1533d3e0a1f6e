-- Whether a value of a path is the subject, or the beginning of it where the path was cut.
create function path_value_names(value text, cut boolean, subject text, fold boolean) returns boolean
language sql immutable parallel safe as $$
  select public.text_names(value, subject, fold) or (cut and length(value) > 20 and starts_with(subject, value))
$$;
