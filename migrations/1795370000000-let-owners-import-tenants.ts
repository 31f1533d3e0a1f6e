import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropImportRows, importRows } from './support/row-security.js';

/** Those whose owner sees no rows. */
const TABLES = [
  ...[
    'api_keys',
    'audit_archives',
    'audit_inconsistencies',
    'event_contexts',
    'event_patches',
    'event_type_registries',
  ],
  ...['event_type_schemas', 'events', 'failed_events', 'functionalities', 'functionality_event_types'],
  ...['ingest_batches', 'jobs', 'privacy_erasures', 'privacy_keys', 'removed_event_days', 'retention_holds'],
  ...['retention_marks', 'retention_policies', 'saved_funnels', 'session_days', 'user_days'],
  ...['minute', 'ten_minutes', 'hour', 'day'].flatMap((each) => [`event_rollups_${each}`, `event_totals_${each}`]),
  ...['minute', 'hour', 'day'].flatMap((each) => [`processing_rollups_${each}`, `processing_totals_${each}`]),
];

export class LetOwnersImportTenants1795370000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(importRows(table));
    await runner.query(importRows('tenants', 'id'));
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [...TABLES, 'tenants']) await runner.query(dropImportRows(table));
  }
}
