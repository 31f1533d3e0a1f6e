-- The key of a user or a session in user_days and session_days. As stable as what it calls: a function that promises
-- more than its body is called for each row instead of planned in.
create function subject_key(subject text) returns uuid
language sql stable strict parallel safe as $$
  select encode(substring(sha256(convert_to(subject, 'UTF8')) for 16), 'hex')::uuid
$$;
