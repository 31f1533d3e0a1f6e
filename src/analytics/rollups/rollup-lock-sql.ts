/**
 * SQL for the key of the advisory lock of one tenant's rollups. Adding to them takes it shared, rewriting them takes it
 * exclusively, both until the end of the transaction.
 */
const lockKey = (tenant: string) => `hashtextextended('tidemark.rollups.' || ${tenant}::text, 0)`;

/**
 * The CTE `locked`, which takes the locks of the tenants in an array, always in the same order. A CTE runs only when
 * its rows are asked for: whatever is written must be selected `where (select count(*) from locked) > 0`.
 */
export const lockRollups = (tenants: string) => `locked as materialized (
  select pg_advisory_xact_lock_shared(${lockKey('tenant_id')})
  from (select distinct tenant_id from unnest(${tenants}::uuid[]) as t (tenant_id) order by tenant_id) tenants
)`;

/** Waits for the rollups of the tenant $1 and keeps everybody else from changing them until the transaction ends. */
export const LOCK_ROLLUPS = `/* rollups.lock */ select pg_advisory_xact_lock(${lockKey('$1')})`;
