import type { Definition } from './definition.js';
import { INSTALLATION_METRICS } from './installation-definitions.js';

/** From what a key in memory takes to what a client gives up on. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const;
const GROUP_SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000] as const;

/**
 * Every metric that is Tidemark's own: docs/monitoring/metrics.md is made from this table, and a metric that is not in
 * it cannot be exported. No label holds what a client sent.
 */
export const METRICS = {
  tidemark_build_info: {
    type: 'gauge',
    help: 'Always 1; its labels say which version this process runs and as what.',
    unit: 'none',
    labels: ['version', 'process'],
    from: 'every process',
  },
  tidemark_postgres_up: {
    type: 'gauge',
    help: 'Whether PostgreSQL answers this process: 1 or 0. When it is 0, the metrics of the installation are absent.',
    unit: 'boolean',
    labels: [],
    from: 'every process',
  },
  tidemark_queue_up: {
    type: 'gauge',
    help: 'Whether the queue, Redis or PostgreSQL, answers this process: 1 or 0. Without it processing is some seconds late.',
    unit: 'boolean',
    labels: [],
    from: 'every process',
  },
  tidemark_db_pool_connections: {
    type: 'gauge',
    help: 'Open connections of each pool to PostgreSQL, by state: idle or busy.',
    unit: 'connections',
    labels: ['pool', 'state'],
    from: 'every process',
  },
  tidemark_db_pool_max_connections: {
    type: 'gauge',
    help: 'Most connections that each pool may open.',
    unit: 'connections',
    labels: ['pool'],
    from: 'every process',
  },
  tidemark_db_pool_waiting_requests: {
    type: 'gauge',
    help: 'Work that waits for a connection of the pool right now.',
    unit: 'requests',
    labels: ['pool'],
    from: 'every process',
  },
  tidemark_task_runs_total: {
    type: 'counter',
    help: 'Runs of each periodic task, by result: ok or failed.',
    unit: 'runs',
    labels: ['task', 'result'],
    from: 'every process',
  },
  tidemark_task_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When a periodic task last ended well, in seconds since 1970.',
    unit: 'seconds',
    labels: ['task'],
    from: 'every process',
  },
  tidemark_http_request_duration_seconds: {
    type: 'histogram',
    help: 'Requests by method, route pattern (never the address itself; none: no route took it) and class of status, from the head of the request to the end of the answer. Its _count is the number of requests.',
    unit: 'seconds',
    labels: ['method', 'route', 'status_class'],
    from: 'API',
    buckets: SECONDS,
  },
  tidemark_ingest_events_total: {
    type: 'counter',
    help: 'Events by outcome of their commit: accepted, duplicate, conflict, or rejected by the database. Events of malformed requests are not among them.',
    unit: 'events',
    labels: ['outcome'],
    from: 'every process',
  },
  tidemark_ingest_groups_total: {
    type: 'counter',
    help: 'Group commits, by result: ok or failed. Events of a failed one were answered with a problem.',
    unit: 'commits',
    labels: ['result'],
    from: 'every process',
  },
  tidemark_ingest_batches_total: {
    type: 'counter',
    help: 'Batches committed: the new events of one tenant in one group commit.',
    unit: 'batches',
    labels: [],
    from: 'every process',
  },
  tidemark_ingest_group_events: {
    type: 'histogram',
    help: 'Events in one group commit.',
    unit: 'events',
    labels: [],
    from: 'every process',
    buckets: GROUP_SIZES,
  },
  tidemark_ingest_commit_duration_seconds: {
    type: 'histogram',
    help: 'How long one group commit takes, repetitions included.',
    unit: 'seconds',
    labels: [],
    from: 'every process',
    buckets: SECONDS,
  },
  tidemark_ingest_refused_requests_total: {
    type: 'counter',
    help: 'Requests answered 503 because the buffer of waiting events was full.',
    unit: 'requests',
    labels: [],
    from: 'every process',
  },
  tidemark_ingest_buffer_bytes: {
    type: 'gauge',
    help: 'Memory of events that wait for their commit.',
    unit: 'bytes',
    labels: [],
    from: 'every process',
  },
  tidemark_ingest_buffer_limit_bytes: {
    type: 'gauge',
    help: 'INGEST_BUFFER_BYTES: beyond it requests are refused.',
    unit: 'bytes',
    labels: [],
    from: 'every process',
  },
  tidemark_tenant_ingest_events_total: {
    type: 'counter',
    help: 'Events accepted, by tenant.',
    unit: 'events',
    labels: ['tenant'],
    from: 'every process',
    perTenant: true,
  },
  tidemark_db_share_waits_total: {
    type: 'counter',
    help: 'Reads that waited because their tenant held its share of the query pool.',
    unit: 'reads',
    labels: [],
    from: 'every process',
  },
  tidemark_answer_cache_requests_total: {
    type: 'counter',
    help: 'Questions to the cache of analytics answers, by result: hit or miss.',
    unit: 'requests',
    labels: ['result'],
    from: 'API',
  },
  tidemark_socket_clients: {
    type: 'gauge',
    help: 'Sockets in each Socket.IO namespace.',
    unit: 'sockets',
    labels: ['namespace'],
    from: 'API',
  },
  tidemark_processing_batches_total: {
    type: 'counter',
    help: 'Batches by result: processed, or failed (and tried again later).',
    unit: 'batches',
    labels: ['result'],
    from: 'worker',
  },
  tidemark_processing_events_total: {
    type: 'counter',
    help: 'Events of processed batches.',
    unit: 'events',
    labels: [],
    from: 'worker',
  },
  tidemark_processing_duration_seconds: {
    type: 'histogram',
    help: 'How long one transaction that counts batches takes.',
    unit: 'seconds',
    labels: [],
    from: 'worker',
    buckets: SECONDS,
  },
  tidemark_processing_polled_batches_total: {
    type: 'counter',
    help: 'Batches that were found in PostgreSQL because their job was late or lost.',
    unit: 'batches',
    labels: [],
    from: 'worker',
  },
  tidemark_rollup_duration_seconds: {
    type: 'histogram',
    help: 'How long the statement takes that adds batches to all rollups.',
    unit: 'seconds',
    labels: [],
    from: 'worker',
    buckets: SECONDS,
  },
  tidemark_sealing_entries_total: {
    type: 'counter',
    help: 'Audit entries that this worker has sealed.',
    unit: 'entries',
    labels: [],
    from: 'worker',
  },
  ...INSTALLATION_METRICS,
} as const satisfies Record<string, Definition>;

type Metrics = typeof METRICS;
export type MetricName = keyof Metrics;
export type NameOf<T extends Definition['type']> = {
  [N in MetricName]: Metrics[N]['type'] extends T ? N : never;
}[MetricName];
export type LabelOf<N extends MetricName> = Metrics[N]['labels'][number];
