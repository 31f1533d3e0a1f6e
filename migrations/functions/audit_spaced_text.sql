-- A text as search reads it: one form of each character (NFKC: composed; full width as half width), spaces for
-- punctuation, and around runs of scripts without spaces. PostgreSQL's own parser would keep `jdoe@example.com` and
-- `orders/42` whole and read `-42` as a number. Most texts are ASCII, for which the first step is all.
create function audit_spaced_text(content text) returns text
language sql immutable parallel safe
return case when octet_length(content) = char_length(content)
  then translate(content, E'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32))
  else regexp_replace(
    regexp_replace(
      translate(normalize(content, NFKC), E'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32)),
      '[\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6\u00bb\u00bf\u2000-\u206f\u3000-\u3004\u3008-\u3020\u3030]', ' ', 'g'),
    '([' || audit_unspaced_scripts() || ']+)', ' \1 ', 'g')
  end;
