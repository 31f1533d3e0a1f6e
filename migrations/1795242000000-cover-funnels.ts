import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Funnels read who had which event when, and nothing else: with the user in it the index alone answers.
 * A third larger than the one it replaces; writing an event still enters it into as many indexes as before.
 */
export class CoverFunnels1795242000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'create index events_type_user_idx on events (tenant_id, event_type, event_time) include (user_id)',
    );
    await runner.query('drop index events_type_idx');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('create index events_type_idx on events (tenant_id, event_type, event_time)');
    await runner.query('drop index events_type_user_idx');
  }
}
