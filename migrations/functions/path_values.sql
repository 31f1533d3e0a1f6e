-- What of a path stands for a parameter of its route, or everything where there is no route. A path is cut at 512
-- characters, so one of that length may end within a name.
create function path_values(path text, route text) returns table (name text, value text, cut boolean)
language sql immutable parallel safe as $$
  select coalesce(r.part, ''), public.percent_decoded(p.part, is_cut), is_cut
  from unnest(string_to_array(path, '/')) with ordinality as p (part, place)
  left join unnest(string_to_array(route, '/')) with ordinality as r (part, place) using (place)
  cross join lateral (select length(path) = 512 and p.place = cardinality(string_to_array(path, '/')) as is_cut) c
  where p.part <> '' and (route is null or r.part like ':%')
$$;
