import { OWN_ROWS } from './row-security.js';

/**
 * Row-level security lets no operator that is not leakproof near an index, and those of full-text search are not. This
 * view shows a tenant the same rows, but its condition is an ordinary one, so the search index serves it. Its `*` is
 * what the table had when the view was made: a migration that changes the columns makes it anew.
 */
export const SEARCH_VIEW = `
create view searchable_audit_entries as select * from audit_entries where ${OWN_ROWS};
comment on view searchable_audit_entries is
  'The entries of the tenant, by an ordinary condition, so that the search index serves it.';
grant select on searchable_audit_entries to tidemark_app`;
