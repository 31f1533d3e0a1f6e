import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { type Config, wrongSetting } from '../config/config.js';
import { parseRedisUrl, type RedisAddress } from '../config/redis-url.js';

/** A connection to one server, to the master that Sentinels name, or to every node of a cluster. */
export type RedisClient = Redis | Cluster;

export type RedisConfig = Pick<Config, 'REDIS_CA_FILE'> & { readonly REDIS_URL: string };

/** How a connection behaves while Redis is away. */
export interface RetryRules {
  /** Whether it goes on trying to connect. */
  reconnects: boolean;
  /** How often a command is sent again; null: until it succeeds. */
  maxRetriesPerRequest: number | null;
  /** Whether commands wait for the connection. */
  enableOfflineQueue: boolean;
  commandTimeout?: number;
  /** Whether commands of one moment go together. */
  enableAutoPipelining?: boolean;
}

const CONNECT_TIMEOUT_MS = 2_000;
const MAX_RECONNECT_MS = 1_000;
/** Topology is asked for as often, besides after each command that met the wrong node. */
const SLOTS_REFRESH_MS = 5_000;
/** Until another node takes over its slots, commands to a dead node are sent again this often. */
const FAILOVER_RETRY_MS = 100;
/**
 * How often a command is sent to another node before it fails: one that must succeed rides over a failover, which takes
 * some seconds and costs two attempts per {@link FAILOVER_RETRY_MS}; others must not keep anybody waiting.
 */
const REDIRECTIONS_OF_A_FAILOVER = 200;
const REDIRECTIONS = 8;

/**
 * The one place that makes a client of REDIS_URL.
 * @throws ConfigError when REDIS_CA_FILE cannot be used
 */
export function openRedis(config: RedisConfig, rules: RetryRules): RedisClient {
  const address = parseRedisUrl(config.REDIS_URL);
  const options = { ...serverOptions(address, config), ...commandOptions(rules) };
  switch (address.kind) {
    case 'cluster':
      return openCluster(address, options, rules);
    case 'sentinel':
      return new Redis({ ...options, ...sentinelOptions(address, options, rules) });
    case 'single':
      return new Redis({ ...options, ...address.hosts[0] });
  }
}

/** Whether commands would reach it now. */
export const isReady = (redis: RedisClient): boolean => redis.status === 'ready';

function serverOptions(address: RedisAddress, config: RedisConfig): RedisOptions {
  const { username, password, database, family, isEncrypted } = address;
  return {
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(family === undefined ? {} : { family }),
    ...(isEncrypted ? { tls: readCa(config) } : {}),
    db: database,
  };
}

function readCa({ REDIS_CA_FILE: file }: RedisConfig): { ca?: string } {
  if (file === undefined) return {};
  try {
    const ca = readFileSync(file, 'utf8');
    void new X509Certificate(ca); // Node ignores text that is no certificate
    return { ca };
  } catch (error) {
    const why = `must be a file of certificates in PEM that can be read (${(error as Error).message})`;
    throw wrongSetting('REDIS_CA_FILE', why);
  }
}

function commandOptions(rules: RetryRules): RedisOptions {
  const { reconnects, ...options } = rules;
  return {
    ...options,
    // Whoever does not wait for Redis wants to hear at once what is wrong.
    lazyConnect: !reconnects,
    retryStrategy: retryStrategy(rules),
  };
}

const retryStrategy =
  ({ reconnects }: RetryRules) =>
  (attempt: number): number | null =>
    reconnects ? Math.min(100 * attempt, MAX_RECONNECT_MS) : null;

/** After a failover the old master comes back as a replica: what it refuses goes to the new one. */
const RECONNECT_AND_SEND_AGAIN = 2;

function sentinelOptions({ hosts, sentinel }: RedisAddress, { tls }: RedisOptions, rules: RetryRules): RedisOptions {
  const { master, username, password } = sentinel!; // of this kind of address
  return {
    sentinels: [...hosts],
    name: master,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls === undefined ? {} : { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
    sentinelRetryStrategy: retryStrategy(rules),
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? RECONNECT_AND_SEND_AGAIN : false),
  };
}

function openCluster({ hosts }: RedisAddress, options: RedisOptions, rules: RetryRules): Cluster {
  const { lazyConnect, retryStrategy: _ofOneServer, enableOfflineQueue, ...redisOptions } = options;
  return new Cluster([...hosts], {
    // Would send commands of several slots as one, which a cluster refuses: it takes the number of keys for a key.
    enableAutoPipelining: false,
    redisOptions: { ...redisOptions, enableAutoPipelining: false },
    lazyConnect: lazyConnect === true,
    enableOfflineQueue: enableOfflineQueue !== false,
    clusterRetryStrategy: retryStrategy(rules),
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    retryDelayOnFailover: FAILOVER_RETRY_MS,
    retryDelayOnClusterDown: FAILOVER_RETRY_MS,
    maxRedirections: rules.maxRetriesPerRequest === null ? REDIRECTIONS_OF_A_FAILOVER : REDIRECTIONS,
    // Names stay names, as their certificates have them.
    dnsLookup: (host, callback) => callback(null, host),
  });
}
