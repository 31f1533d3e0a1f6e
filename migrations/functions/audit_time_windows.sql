-- The keys of the windows in which an entry of a tenant lies: one of 2048 seconds, one eight times as long, and so
-- on, and all time. A search index that starts with them finds the matches of one window without touching those of
-- another, nor those of another tenant. The numbers are those of entry-time-windows.ts.
create function audit_time_windows(tenant uuid, at timestamptz) returns bigint[]
language plpgsql immutable parallel safe as $$
declare
  n bigint := floor(extract(epoch from at) / 2048);
begin
  return array[
    uuid_hash_extended(tenant, (n >> 0) * 8 + 0),
    uuid_hash_extended(tenant, (n >> 3) * 8 + 1),
    uuid_hash_extended(tenant, (n >> 6) * 8 + 2),
    uuid_hash_extended(tenant, (n >> 9) * 8 + 3),
    uuid_hash_extended(tenant, (n >> 12) * 8 + 4),
    uuid_hash_extended(tenant, (n >> 15) * 8 + 5),
    uuid_hash_extended(tenant, 7)];
end $$;
