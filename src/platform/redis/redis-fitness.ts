import { once } from 'node:events';
import { Cluster } from 'ioredis';
import { openRedis, type RedisClient, type RedisConfig, isReady } from './redis-client.js';

/** A Redis that does not do what queues and limits need; the message says what to change. */
export class UnfitRedisError extends Error {}

/** A key of its own, which nothing else reads. It goes by itself, and is in the slot of the queues. */
const PROBE = '{tidemark}:probe';
const PROBE_MS = 1_000;

const ADD_CLUSTER = 'is a node of a cluster; write ?cluster=true behind its address';

/** What Redis answers to a write that it does not take, and what to do about it. */
const REFUSED_WRITES: readonly [code: RegExp, advice: string][] = [
  [/^READONLY/, 'is a replica and takes no writes; give the address of its master'],
  [/^(MISCONF|OOM)/, 'takes no writes'],
  [/^NOPERM/, 'does not let this user write; grant it the commands of BullMQ on keys of {tidemark}:*'],
  [/^MOVED/, ADD_CLUSTER],
];

/** What a connection fails with for as long as REDIS_URL stays as it is, and what to change. */
const WRONG_ADDRESSES: readonly [text: RegExp, advice: string][] = [
  [/cluster support disabled/i, 'has cluster=true and leads to a Redis that stands alone; leave out cluster=true'],
  [
    /unknown command '?sentinel/i,
    'must have the addresses of Sentinels behind redis+sentinel://, and leads to a Redis; write redis:// to use that one',
  ],
  [
    /invalid reply: null|no such master/i,
    'must end with the name of a master that the Sentinels watch; redis-cli -p 26379 sentinel masters shows the names',
  ],
  [
    /certificate|altnames/i,
    'leads to a server whose certificate is not trusted; name the file of the CA that signed it in REDIS_CA_FILE, and take the host names that stand in it',
  ],
];

/**
 * Whether queues and limits can live in a Redis. PING alone is answered by a replica, by a Sentinel and by a node of a
 * cluster as well, and all of them fail when a job is added.
 * @returns milliseconds that a write took
 * @throws UnfitRedisError, or what the connection failed with
 */
export async function checkRedis(redis: RedisClient): Promise<number> {
  if (redis instanceof Cluster) await checkMasters(redis);
  else refuse(faultOf(await redis.info(), redis.options.sentinels === null));
  const start = performance.now();
  try {
    await redis.set(PROBE, '1', 'PX', PROBE_MS);
  } catch (error) {
    const { message } = error as Error;
    const known = REFUSED_WRITES.find(([code]) => code.test(message));
    throw known === undefined ? error : new UnfitRedisError(`REDIS_URL ${known[1]} (${message}).`, { cause: error });
  }
  return performance.now() - start;
}

/** Those that are away count for nothing: others take over from them. */
async function checkMasters(cluster: Cluster): Promise<void> {
  const answers = await Promise.allSettled(cluster.nodes('master').map((node) => node.info()));
  for (const answer of answers) if (answer.status === 'fulfilled') refuse(evictionOf(answer.value));
}

function refuse(fault: string | null): void {
  if (fault !== null) throw new UnfitRedisError(`REDIS_URL ${fault}.`);
}

const read = (info: string, name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];

/**
 * @param info what INFO answers (redis.io/docs/latest/commands/info)
 * @param isNamed whether REDIS_URL names this server itself: while Sentinels fail over, they may name a replica
 */
function faultOf(info: string, isNamed: boolean): string | null {
  const mode = read(info, 'redis_mode');
  if (mode === 'sentinel') {
    return 'is a Sentinel, which keeps no data; write redis+sentinel:// before its address and the name of the master behind it';
  }
  if (mode === 'cluster') return ADD_CLUSTER;
  if (isNamed && read(info, 'role') === 'slave') {
    return 'is a replica and takes no writes; give the address of its master';
  }
  return evictionOf(info);
}

function evictionOf(info: string): string | null {
  const policy = read(info, 'maxmemory_policy');
  if (policy === undefined || policy === 'noeviction') return null;
  return `evicts keys when its memory is full (${policy}), and jobs with them; set maxmemory-policy noeviction`;
}

/** What a connection says when it fails, with the cause that ioredis keeps beside it. */
export function describeRedisFault(error: Error): string {
  const cause = (error as { lastNodeError?: unknown }).lastNodeError;
  return cause instanceof Error ? `${error.message.replace(/\.$/, '')}: ${cause.message}` : error.message;
}

/** The same, as the reason for not starting, when waiting would not help. */
function explainFault(error: Error): Error {
  const message = describeRedisFault(error);
  const known = WRONG_ADDRESSES.find(([text]) => text.test(message));
  if (known === undefined) return new Error(message, { cause: error });
  return new UnfitRedisError(`REDIS_URL ${known[1]} (${message}).`, { cause: error });
}

/**
 * Waits until `redis` is connected.
 * @throws UnfitRedisError when it never will be; else, after `ms`, an Error with the reason
 */
export async function whenReady(redis: RedisClient, ms: number): Promise<void> {
  if (isReady(redis)) return;
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(ms)]);
  let reason = new Error('Redis does not answer');
  const fault = new Promise<never>((_resolve, reject) => {
    const note = (error: Error) => {
      reason = explainFault(error);
      if (reason instanceof UnfitRedisError) reject(reason);
    };
    for (const event of ['error', 'sentinelError']) {
      redis.on(event, note);
      done.signal.addEventListener('abort', () => redis.off(event, note));
    }
  });
  try {
    await Promise.race([once(redis, 'ready', { signal }), fault]);
  } catch (error) {
    throw error instanceof UnfitRedisError ? error : reason;
  } finally {
    done.abort();
  }
}

const PROBE_TIMEOUT_MS = 3_000;

/**
 * One look at the Redis of REDIS_URL.
 * @throws UnfitRedisError, or an Error that says why it is away
 */
export async function probeRedis(config: RedisConfig): Promise<void> {
  const redis = openRedis(config, { reconnects: false, maxRetriesPerRequest: 0, enableOfflineQueue: true });
  redis.on('error', () => undefined);
  try {
    const ready = whenReady(redis, PROBE_TIMEOUT_MS);
    redis.connect().catch(() => undefined); // the events of `ready` say why
    await ready;
    await checkRedis(redis);
  } finally {
    redis.disconnect();
  }
}
