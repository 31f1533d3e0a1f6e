-- The words of a text, for full-text search. Punctuation separates words, so that parts of addresses, paths and
-- identifiers are found; PostgreSQL's own parser would keep `jdoe@example.com` and `orders/42` whole and read `-42`
-- as a number. Nothing is stemmed: an audit trail is searched for what stands in it.
create function audit_words(content text) returns tsvector
language sql immutable parallel safe as $$
  select to_tsvector('simple'::regconfig,
    translate(content, E'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32)))
$$;
