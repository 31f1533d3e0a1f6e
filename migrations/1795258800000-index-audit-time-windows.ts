import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The keys of the windows in which an entry of a tenant lies: one of 2048 seconds, one eight times as long, and so on, and all
 * time. A search index that starts with them finds the matches of one window without touching those of another, nor those
 * of another tenant. The numbers are those of entry-time-windows.ts.
 */
const PERIODS = `
create function audit_time_windows(tenant uuid, at timestamptz) returns bigint[]
language plpgsql immutable parallel safe as $$
declare
  n bigint := floor(extract(epoch from at) / 2048);
begin
  return array[${[0, 1, 2, 3, 4, 5].map((level) => `uuid_hash_extended(tenant, (n >> ${3 * level}) * 8 + ${level})`).join(', ')},
    uuid_hash_extended(tenant, 7)];
end $$`;

export class IndexAuditTimeWindows1795258800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(PERIODS);
    await runner.query('drop index audit_entries_search_idx');
    await runner.query(`create index audit_entries_search_idx on audit_entries
      using gin (audit_time_windows(tenant_id, occurred_at), search, message gin_trgm_ops)`);
    await runner.query('analyze audit_entries'); // nothing is known of the keys yet
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop index audit_entries_search_idx');
    await runner.query(
      'create index audit_entries_search_idx on audit_entries using gin (tenant_id, search, message gin_trgm_ops)',
    );
    await runner.query('drop function audit_time_windows');
  }
}
