/**
 * What stands in ClickHouse, generated for one server or for a cluster. Every table is made anew from PostgreSQL by
 * backfill-clickhouse, so a change of this file needs no migration: it drops them.
 */
export interface Place {
  database: string;
  /** Undefined: one server. */
  cluster: string | undefined;
}

/** Table of the events; in a cluster it reads and writes all shards. */
export const EVENTS = 'events';
/** Of one row: which feed of which installation fills the tables. */
export const FEED = 'feed';

/** The table that mutations change: on each shard its own. */
export const storedEvents = ({ cluster }: Place): string => (cluster === undefined ? EVENTS : 'events_shard');

/**
 * An event has the same place in the order of its table for ever, so that a newer version of it replaces the older. The
 * day comes before the type: what comes in now then overlaps the day of today alone, and FINAL merges no other (see
 * ADR 42). Versions are those of PostgreSQL's `clickhouse_feeds`.
 *
 * - user_idx: filters on one user; in granules of 8192 events of a type and day there is rarely the one user.
 * - payload, enrichment: as they are in PostgreSQL, for comparisons and whoever reads the table; no question does.
 * - max_dynamic_paths: properties with a column of their own in each part; the others share one.
 */
const COLUMNS = `
  tenant_id UUID,
  id UUID,
  event_type LowCardinality(String),
  event_time DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
  received_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
  client_id LowCardinality(String),
  event_id String CODEC(ZSTD),
  user_id Nullable(String),
  session_id Nullable(String),
  payload String CODEC(ZSTD(3)),
  enrichment String CODEC(ZSTD(3)),
  payload_properties JSON(max_dynamic_paths = 256),
  enrichment_properties JSON(max_dynamic_paths = 64),
  shard_key UInt64 CODEC(ZSTD),
  version UInt64 CODEC(Delta, ZSTD),
  is_deleted UInt8,
  INDEX user_idx user_id TYPE bloom_filter(0.001) GRANULARITY 1`;

const LAYOUT = `
PARTITION BY toMonday(event_time)
ORDER BY (tenant_id, toDate(event_time), event_type, event_time, id)`;

/** A week that nothing comes into any more becomes one part, which FINAL reads like any other table. */
const MERGES = 'min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1';

/** Tokens of so many inserts are remembered; one insert is repeated at a time, right after it failed. */
const TOKENS = 1_000;

const FEED_COLUMNS = 'feed_id UUID, opened_at DateTime DEFAULT now()';

/** Statements that make what is not there yet; repeating them changes nothing. */
export function createTables(place: Place): string[] {
  return place.cluster === undefined ? createOnServer(place.database) : createOnCluster(place.database, place.cluster);
}

export const dropTables = ({ database, cluster }: Place): string[] =>
  (cluster === undefined ? [EVENTS, FEED] : [EVENTS, 'events_shard', FEED]).map(
    (table) => `/* clickhouse.drop */ DROP TABLE IF EXISTS ${database}.${table}${onCluster(cluster)} SYNC`,
  );

const onCluster = (cluster: string | undefined) => (cluster === undefined ? '' : ` ON CLUSTER ${cluster}`);

function createOnServer(database: string): string[] {
  return [
    `/* clickhouse.createDatabase */ CREATE DATABASE IF NOT EXISTS ${database}`,
    `/* clickhouse.createEvents */
CREATE TABLE IF NOT EXISTS ${database}.${EVENTS} (${COLUMNS}
) ENGINE = ReplacingMergeTree(version, is_deleted)${LAYOUT}
SETTINGS non_replicated_deduplication_window = ${TOKENS}, ${MERGES}`,
    `/* clickhouse.createFeed */
CREATE TABLE IF NOT EXISTS ${database}.${FEED} (${FEED_COLUMNS}) ENGINE = MergeTree ORDER BY feed_id`,
  ];
}

/**
 * Events of one user are on one shard, so that a funnel is counted where they are. {shard} and {replica} are macros of
 * each server; a replica of `feed` is on every one of them.
 */
function createOnCluster(database: string, cluster: string): string[] {
  const on = onCluster(cluster);
  const path = (name: string) => `'/clickhouse/tables/${database}/${name}'`;
  return [
    `/* clickhouse.createDatabase */ CREATE DATABASE IF NOT EXISTS ${database}${on}`,
    `/* clickhouse.createShards */
CREATE TABLE IF NOT EXISTS ${database}.events_shard${on} (${COLUMNS}
) ENGINE = ReplicatedReplacingMergeTree(${path('{shard}/events')}, '{replica}', version, is_deleted)${LAYOUT}
SETTINGS replicated_deduplication_window = ${TOKENS}, replicated_deduplication_window_seconds = 604800, ${MERGES}`,
    `/* clickhouse.createEvents */
CREATE TABLE IF NOT EXISTS ${database}.${EVENTS}${on} AS ${database}.events_shard
ENGINE = Distributed(${cluster}, ${database}, events_shard, shard_key)`,
    `/* clickhouse.createFeed */
CREATE TABLE IF NOT EXISTS ${database}.${FEED}${on} (${FEED_COLUMNS})
ENGINE = ReplicatedMergeTree(${path('feed')}, '{shard}-{replica}') ORDER BY feed_id`,
  ];
}
