import type { MigrationInterface, QueryRunner } from 'typeorm';

const lowerBound = (milliseconds: string) => `
create or replace function uuid7_lower_bound(at timestamptz) returns uuid
language sql immutable strict parallel safe as $$
  select (lpad(to_hex((${milliseconds})::bigint), 12, '0') || '00000000000000000000')::uuid
$$`;

/** No UUIDv7 is older than 1970: a time before it must not become one far ahead, or nothing since would be found. */
export class BoundIdsBefore19701795262400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(lowerBound('greatest(extract(epoch from at) * 1000, 0)'));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(lowerBound('extract(epoch from at) * 1000'));
  }
}
