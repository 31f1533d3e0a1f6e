import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunctions, dropFunctions } from './support/functions.js';
import { SEARCH_VIEW } from './support/search-view.js';

/** In the order in which they use each other. */
const FUNCTIONS = [
  'audit_unspaced_scripts',
  'audit_spaced_text',
  'audit_plain_text',
  'audit_search_words',
  'audit_search_term',
  'audit_entry_text',
  'audit_composed',
  'canonical_address',
];

const DROP_SEARCH = `
drop view searchable_audit_entries;
drop index audit_entries_search_idx;
alter table audit_entries drop column search`;

/** Computed anew for every entry: on a large trail this takes minutes, during which nothing else uses the table. */
const addSearch = (words: string, message: string) => `
alter table audit_entries add column search tsvector generated always as (${words}) stored;
create index audit_entries_search_idx on audit_entries
  using gin (audit_time_windows(tenant_id, occurred_at), search, ${message} gin_trgm_ops)`;

const WORDS_BEFORE = `audit_words(
  coalesce(message, '') || ' ' || resource_type || ' ' || coalesce(resource_id, '') || ' ' ||
  coalesce(functionality, '') || ' ' || coalesce(event_type, '') || ' ' ||
  coalesce(audit_json_text(before_state), '') || ' ' ||
  coalesce(audit_json_text(after_state), '') || ' ' ||
  coalesce(audit_json_text(metadata), ''))`;

const WORDS = `audit_search_words(audit_entry_text(
  message, resource_type, resource_id, functionality, event_type, before_state, after_state, metadata))`;

export class SearchAllWordsAndScripts1795340000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createFunctions(runner, FUNCTIONS);
    await runner.query(DROP_SEARCH);
    await dropFunctions(runner, ['audit_words']);
    await runner.query(addSearch(WORDS, '(audit_composed(message))'));
    await runner.query(SEARCH_VIEW);
  }

  async down(runner: QueryRunner): Promise<void> {
    await createFunctions(runner, ['audit_words']);
    await runner.query(DROP_SEARCH);
    await runner.query(addSearch(WORDS_BEFORE, 'message'));
    await runner.query(SEARCH_VIEW);
    await dropFunctions(runner, FUNCTIONS);
  }
}
