/** What a run needs from beginning to end: who may call, and how far the schema is. */
const KEPT = ['tenants', 'api_keys', 'installation_secrets', 'migrations'];

const LIST_TABLES = `
select string_agg(format('%I', relname), ', ') as tables from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition and relname <> all($1)
  and relname !~ '^(audit_|functional)'`; // append-only, and no event ever gets there

const COPY_TABLE = 'bench_copied_events';

/**
 * Before each round, so that none works on larger indexes than another; and a checkpoint now is none during the round.
 *
 * @param {import('./stack.mjs').Stack} stack
 */
export async function emptyTables(stack) {
  const { tables } = await stack.one(LIST_TABLES, [KEPT]);
  await stack.pool.query(`truncate ${tables}`);
  await stack.pool.query('checkpoint');
}

/** Columns, indexes and partitioning of `events`, without its ledger. @returns {Promise<string>} name of the table */
export async function makeCopyTable(stack) {
  await dropCopyTable(stack);
  await stack.pool.query(`create table ${COPY_TABLE} (like events including all) partition by range (id)`);
  await stack.pool.query(
    `create table ${COPY_TABLE}_all partition of ${COPY_TABLE} for values from (minvalue) to (maxvalue)`,
  );
  await stack.pool.query('checkpoint');
  return COPY_TABLE;
}

export async function dropCopyTable(stack) {
  await stack.pool.query(`drop table if exists ${COPY_TABLE}`);
}

/** A figure for events that were not stored would be worthless. @throws {Error} when there are not `expected` rows */
export async function requireRows(stack, table, expected) {
  const { rows } = await stack.one(`select count(*)::int as rows from ${table}`);
  if (rows !== expected) throw new Error(`${table} has ${rows} rows where ${expected} were acknowledged`);
}

/** @throws {Error} when the rollups do not say that `expected` events happened */
export async function requireCounted(stack, expected) {
  const { counted } = await stack.one('select coalesce(sum(count), 0)::int as counted from event_rollups_day');
  if (counted !== expected) throw new Error(`the rollups count ${counted} events where ${expected} were acknowledged`);
}
