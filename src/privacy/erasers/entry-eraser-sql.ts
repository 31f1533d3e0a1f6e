/** Of an act: the entries with the ids $2. */
export const BY_ID = 'id = any($2::uuid[])';

export const FIND_SPELLINGS = `/* erasure.findSpellings */
select distinct content from audit_entries e, lateral (values (resource_id), (message)) as t (content)
where tenant_id = $1 and id = any($2::uuid[]) and text_names(content, $3, true)`;

/** Calls that brought only these entries of one person. */
export const ERASE_OWN_CALLS = '/* erasure.ownCalls */ select erase_own_api_calls($1, $2::uuid[])::int as n';
