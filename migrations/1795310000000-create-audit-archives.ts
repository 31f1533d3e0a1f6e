import type { MigrationInterface, QueryRunner } from 'typeorm';
import { tenantRows } from './support/row-security.js';
import { SEARCH_VIEW } from './support/search-view.js';

/**
 * One row per file, `writing` before its first byte is written: whatever a killed process leaves behind is known.
 * - leaves: the entries in it, by their leaf indexes; first_id and last_id bound their ids, occurred_from and occurred_to
 *   their times, for searches.
 * - tree_size, root_hash: the checkpoint that its proofs lead to. Erasures from there on are not in it.
 */
const ARCHIVES = `
create table audit_archives (
  tenant_id     uuid not null,
  id            uuid not null,
  month         date not null,
  state         text not null default 'writing',
  file          text not null,
  first_id      uuid not null,
  last_id       uuid not null,
  leaves        int8multirange not null,
  entries       integer not null,
  occurred_from timestamptz,
  occurred_to   timestamptz,
  tree_size     bigint,
  root_hash     bytea,
  sha256        bytea,
  bytes         bigint,
  leased_until  timestamptz,
  created_at    timestamptz not null default now(),
  constraint audit_archives_pkey primary key (tenant_id, id),
  constraint audit_archives_file_key unique (file),
  constraint audit_archives_state_check check (state in ('writing', 'stored', 'obsolete')),
  constraint audit_archives_entries_check check (entries > 0),
  constraint audit_archives_stored_check check (
    state = 'writing' or num_nulls(occurred_from, occurred_to, tree_size, root_hash, sha256, bytes) = 0)
);
create unique index audit_archives_writing_key on audit_archives (tenant_id) where state = 'writing';
create index audit_archives_ids_idx on audit_archives (tenant_id, first_id);
comment on table audit_archives is
  'The files that audit entries were archived to before they were removed. Written by clean-ups and retention, and by an erasure that rewrites one. Stays.';
grant select on audit_archives to tidemark_app;
grant select, insert, update, delete on audit_archives to tidemark_system`;

/** null: as it was recorded. Else it came back from an archive, and may go again from this moment on. */
const RESTORED = `alter table audit_entries add column restored_until timestamptz`;

export class CreateAuditArchives1795310000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ARCHIVES);
    await runner.query(tenantRows('audit_archives'));
    await runner.query('drop view searchable_audit_entries');
    await runner.query(RESTORED);
    await runner.query(SEARCH_VIEW);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop view searchable_audit_entries');
    await runner.query('alter table audit_entries drop column restored_until');
    await runner.query(SEARCH_VIEW);
    await runner.query('drop table audit_archives');
  }
}
