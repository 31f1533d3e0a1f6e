import type { MigrationInterface, QueryRunner } from 'typeorm';

const CHECK = (scopes: string) => `
alter table api_keys
  drop constraint api_keys_scopes_check,
  add constraint api_keys_scopes_check check (scopes <@ array[${scopes}] and cardinality(scopes) > 0)`;

/** The scope of keys that stand in pages and on devices: they send events and open nothing else. */
export class AddTrackScope1795286000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CHECK(`'track', 'read', 'write', 'admin', 'platform'`));
  }

  /** No other scope is as narrow, so a key that had only this one is disabled rather than widened. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      `update api_keys set is_active = is_active and scopes <> '{track}',
         scopes = case when scopes = '{track}' then '{write}' else array_remove(scopes, 'track') end
       where 'track' = any(scopes)`,
    );
    await runner.query(CHECK(`'read', 'write', 'admin', 'platform'`));
  }
}
