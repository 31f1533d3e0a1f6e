-- An address whatever its spelling; one of IPv4 within IPv6 (::ffff:192.0.2.1) is that of IPv4. Null for anything else.
create function canonical_address(address text) returns inet
language sql immutable parallel safe
return case when address ~ '^[0-9A-Fa-f:.]+$'
  then regexp_replace(host(address::inet), '^::ffff:(?=\d+\.)', '')::inet end;
