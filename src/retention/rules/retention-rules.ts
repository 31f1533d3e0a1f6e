import { coversTime } from '../../audit/preservation/hold-sql.js';
import type { Config } from '../../platform/config/config.js';

/** How long rows are kept, as a person would say it, and how they go. */
export interface Rule {
  kept: string;
  /** The scheduled task that removes them; absent: they go with another row, or never. */
  task?: 'events' | 'audit' | 'housekeeping';
  /** How a legal hold keeps them; absent: it does not, as they are no records of anybody. */
  hold?: string;
  rows?: RowRule;
}

/** Rows `t` that housekeeping deletes in paced steps, tenant by tenant. */
export interface RowRule {
  key: readonly string[];
  /** Column with the time of the row. */
  time: string;
  /** SQL condition on rows of the tenant $1 that are past $2, a time. */
  past: string;
  /** SQL condition on the holds `h` that keep a row. */
  held?: string;
  days: (ages: Ages) => number;
  /** Whether it is counts of events: they outlive every event of their time. */
  outlivesEvents?: true;
}

/** Days by which ages are measured. */
export interface Ages {
  config: Pick<Config, 'ROLLUP_RETENTION_DAYS' | 'CALL_LOG_RETENTION_DAYS'>;
  /** The shortest and the longest that this tenant keeps any event. */
  shortestDays: number;
  longestDays: number;
}

/** A context is used by events for 25 days after it was made; some days more for clocks that differ. */
const CONTEXT_LIFE_DAYS = 30;
export const UPKEEP_DAYS = 30;
/** Of batches that were sent to ClickHouse, for who wants to know when. */
const SENT_DAYS = 7;

const COUNTS = 'ROLLUP_RETENTION_DAYS, and as long as an event of their time';

const counts = (key: readonly string[], time: 'bucket' | 'day', held?: { says: string; sql: string }): Rule => ({
  kept: COUNTS,
  task: 'housekeeping',
  ...(held === undefined ? {} : { hold: held.says }),
  rows: {
    ...{ key, time, past: `${time} < $2`, outlivesEvents: true },
    ...(held === undefined ? {} : { held: held.sql }),
    days: ({ config, longestDays }) => Math.max(config.ROLLUP_RETENTION_DAYS, longestDays),
  },
});

/** A day is covered when some of it is. */
const COVERS_DAY = `(h.from_time is null or t.day + interval '1 day' > h.from_time)
  and (h.to_time is null or t.day < h.to_time)`;

const GRANULARITIES = ['minute', 'ten_minutes', 'hour', 'day'];
const PROCESSING_GRANULARITIES = ['minute', 'hour', 'day'];

const each = (names: readonly string[], rule: Rule) => Object.fromEntries(names.map((name) => [name, rule]));

const eachGranularity = (granularities: readonly string[], table: string, rule: Rule) =>
  each(
    granularities.map((granularity) => `${table}_${granularity}`),
    rule,
  );

const ROLLUP_RULES: Readonly<Record<string, Rule>> = {
  ...eachGranularity(
    GRANULARITIES,
    'event_rollups',
    counts(['tenant_id', 'bucket', 'client_id', 'event_type'], 'bucket'),
  ),
  ...eachGranularity(GRANULARITIES, 'event_totals', counts(['tenant_id', 'bucket', 'event_type'], 'bucket')),
  ...eachGranularity(
    PROCESSING_GRANULARITIES,
    'processing_rollups',
    counts(['tenant_id', 'bucket', 'client_id'], 'bucket'),
  ),
  ...eachGranularity(PROCESSING_GRANULARITIES, 'processing_totals', counts(['tenant_id', 'bucket'], 'bucket')),
  user_days: counts(['tenant_id', 'day', 'user_key'], 'day', {
    says: 'days of the user',
    sql: `(h.user_id is null or h.user_id = t.user_id) and ${COVERS_DAY}`,
  }),
  session_days: counts(['tenant_id', 'day', 'session_key'], 'day', {
    says: 'one on everybody',
    sql: `h.user_id is null and ${COVERS_DAY}`,
  }),
  removed_event_days: counts(['tenant_id', 'day'], 'day'),
};

/**
 * Every table, and how long its rows are kept: the one place that says so. A table without a rule fails a test, and
 * another compares docs/retention.md with this list.
 */
export const RETENTION_RULES: Readonly<Record<string, Rule>> = {
  events: {
    kept: 'EVENT_RETENTION_DAYS, or the policy of the tenant or of the event type',
    task: 'events',
    hold: 'events of the user, or of everybody',
  },
  ...each(['event_keys', 'event_patches', 'failed_events'], {
    kept: 'as long as its event',
    task: 'events',
    hold: 'with the event',
  }),
  retention_marks: { kept: 'until a policy or a hold changes; at most one for each policy' },
  ingest_batches: {
    kept: 'as long as one of its events',
    task: 'housekeeping',
    hold: 'with an event',
    rows: {
      key: ['tenant_id', 'id'],
      time: 'received_at',
      past: `id < uuid7_lower_bound($2) and status = 'processed' and not exists (
        select from events e
        where e.tenant_id = t.tenant_id and e.id between t.first_id and t.last_id and e.batch_id = t.id)`,
      days: ({ shortestDays }) => shortestDays,
    },
  },
  event_contexts: {
    kept: `as long as the tenant keeps any event, and ${CONTEXT_LIFE_DAYS} days`,
    task: 'housekeeping',
    hold: 'any',
    rows: {
      ...{ key: ['tenant_id', 'id'], time: 'created_at', past: 'created_at < $2', held: 'true' },
      days: ({ longestDays }) => longestDays + CONTEXT_LIFE_DAYS,
    },
  },
  ...ROLLUP_RULES,
  api_audit_logs: {
    kept: 'CALL_LOG_RETENTION_DAYS',
    task: 'housekeeping',
    hold: 'one on everybody',
    rows: {
      ...{ key: ['tenant_id', 'id'], time: 'timestamp', past: 'id < uuid7_lower_bound($2)' },
      held: `h.user_id is null and ${coversTime('t.timestamp')}`,
      days: ({ config }) => config.CALL_LOG_RETENTION_DAYS,
    },
  },
  audit_entries: {
    kept: 'AUDIT_RETENTION_DAYS, or the policy of the tenant; then in an archive',
    task: 'audit',
    hold: 'entries of the user, or of everybody',
  },
  audit_keys: { kept: 'as long as its entry', task: 'audit', hold: 'with the entry' },
  ...each(['audit_leaves', 'audit_nodes', 'audit_trees', 'audit_checkpoints'], {
    kept: 'for ever: hashes and signatures, by which what was exported can be proven',
  }),
  audit_inconsistencies: { kept: 'until the tree fits its checkpoint again' },
  audit_archives: { kept: 'for ever: which file has which entries' },
  audit_unsealed: { kept: 'until its entry is sealed, about a second' },
  ...each(['privacy_erasures', 'privacy_keys'], { kept: 'for ever: the receipts of erasures, which name nobody' }),
  privacy_erasure_values: { kept: 'until its erasure is done' },
  ...each(
    [
      'api_keys',
      'tenants',
      'saved_funnels',
      'saved_segments',
      'functionalities',
      'functionality_event_types',
      'event_type_registries',
    ],
    { kept: 'until somebody deletes it' },
  ),
  event_type_schemas: { kept: 'until somebody deletes it' },
  retention_policies: { kept: 'until somebody deletes it' },
  retention_holds: { kept: 'for ever: what had to be kept, and why' },
  sessions: { kept: 'until a sign-in after its end' },
  clickhouse_feeds: { kept: 'while a worker has CLICKHOUSE_URL; one row' },
  clickhouse_batches: {
    kept: `${SENT_DAYS} days after ClickHouse has it`,
    task: 'housekeeping',
    rows: {
      ...{ key: ['tenant_id', 'id'], time: 'sent_at', past: 'sent_at < $2' },
      days: () => SENT_DAYS,
    },
  },
  clickhouse_changes: { kept: 'until ClickHouse has the change, some seconds' },
  clickhouse_removals: { kept: 'until ClickHouse was told, some seconds' },
  alerts: { kept: 'for ever; one for each condition' },
  alert_messages: { kept: '30 days after the message was taken' },
  task_runs: { kept: `${UPKEEP_DAYS} days`, task: 'housekeeping' },
  ...each(['installation_secrets', 'migrations'], { kept: 'for ever; does not grow' }),
  jobs: {
    kept: `${UPKEEP_DAYS} days after its end`,
    task: 'housekeeping',
    rows: {
      ...{ key: ['tenant_id', 'id'], time: 'finished_at', past: 'finished_at < $2' },
      days: () => UPKEEP_DAYS,
    },
  },
};
