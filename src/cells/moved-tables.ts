import { RETENTION_RULES } from '../retention/rules/retention-rules.js';

/** Tables of the installation itself, and why nothing of them goes with a tenant. */
export const STAYING_TABLES: Readonly<Record<string, string>> = {
  sessions: 'people sign in again where the tenant is now',
  alerts: 'they are about the installation',
  alert_messages: 'they are about the installation',
  task_runs: 'each installation runs its own',
  installation_secrets: 'only the pepper of the keys goes along, beside the tables',
  ...Object.fromEntries(
    ['clickhouse_feeds', 'clickhouse_batches', 'clickhouse_changes', 'clickhouse_removals'].map((table) => [
      table,
      'each installation feeds its own ClickHouse',
    ]),
  ),
  migrations: 'both installations have the same',
};

/** What others refer to, or is needed to bring them back, comes first. */
const FIRST = ['tenants', 'events', 'audit_entries'];

/** Every other table: what a tenant has in them moves with it, in this order. */
export const MOVED_TABLES: readonly string[] = [
  ...FIRST,
  ...Object.keys(RETENTION_RULES).filter((table) => !FIRST.includes(table) && STAYING_TABLES[table] === undefined),
];
