-- Names of JSON members below which a number says whom it is about.
create function identifying_names() returns text[]
language sql immutable parallel safe as $$
  select array['user_id', 'userId', 'userID', 'user', 'uid', 'user_ids', 'userIds', 'customer_id', 'customerId',
    'customer', 'member_id', 'memberId', 'person_id', 'personId', 'subject', 'subject_id', 'subjectId', 'distinct_id',
    'distinctId', 'anonymousId', 'previousId']
$$;
