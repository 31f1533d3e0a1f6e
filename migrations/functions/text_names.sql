-- Whether a text is the subject.
create function text_names(content text, subject text, fold boolean) returns boolean
language sql immutable parallel safe as $$
  select coalesce(content = subject or (fold and lower(content) = lower(subject)), false)
$$;
