-- Not after any UUIDv7 of that millisecond or a later one. No UUIDv7 is older than 1970: a time before it must not
-- become one far ahead, or nothing since would be found.
create function uuid7_lower_bound(at timestamptz) returns uuid
language sql immutable strict parallel safe as $$
  select (lpad(to_hex((greatest(extract(epoch from at) * 1000, 0))::bigint), 12, '0') || '00000000000000000000')::uuid
$$;
