-- The words of a text, for full-text search. Nothing is stemmed: an audit trail is searched for what stands in it.
-- Of a run of a script without spaces, each pair of characters is a word, and the first and the last character: with
-- every character twice and a space between the two, abc reads as a, ab, bc, c.
create function audit_search_words(content text) returns tsvector
language sql immutable parallel safe
return to_tsvector('simple'::regconfig, case when octet_length(content) = char_length(content)
  then audit_spaced_text(content)
  else regexp_replace(audit_spaced_text(content), '([' || audit_unspaced_scripts() || '])', '\1 \1', 'g')
  end);
