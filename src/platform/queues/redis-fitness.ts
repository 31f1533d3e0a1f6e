import type { Redis } from 'ioredis';

/** A Redis that does not do what queues and limits need; the message says what to change. */
export class UnfitRedisError extends Error {}

/** A key of its own, which nothing else reads. It goes by itself. */
const PROBE = '{tidemark}:probe';
const PROBE_MS = 1_000;

/** What Redis answers to a write that it does not take, and what to do about it. */
const REFUSED_WRITES: readonly [code: RegExp, advice: string][] = [
  [/^READONLY/, 'is a replica and takes no writes; give the address of its master'],
  [/^(MISCONF|OOM)/, 'takes no writes'],
  [/^NOPERM/, 'does not let this user write; grant it the commands of BullMQ on keys of {tidemark}:*'],
  [/^(MOVED|CLUSTERDOWN)/, 'is a node of a cluster; give the address of a Redis that stands alone'],
];

/**
 * Whether queues and limits can live in a Redis. PING alone is answered by a replica, by a Sentinel and by a node of a
 * cluster as well, and all of them fail when a job is added.
 * @returns milliseconds that a write took
 * @throws UnfitRedisError, or what the connection failed with
 */
export async function checkRedis(redis: Redis): Promise<number> {
  const fault = faultOf(await redis.info());
  if (fault !== null) throw new UnfitRedisError(`REDIS_URL ${fault}.`);
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

/** @param info what INFO answers (redis.io/docs/latest/commands/info) */
function faultOf(info: string): string | null {
  const read = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const [mode, role, policy] = [read('redis_mode'), read('role'), read('maxmemory_policy')];
  if (mode === 'sentinel') return 'is a Sentinel, which keeps no data; give the address of the master that it watches';
  if (mode === 'cluster') return 'is a node of a cluster; give the address of a Redis that stands alone';
  if (role === 'slave') return 'is a replica and takes no writes; give the address of its master';
  if (policy !== undefined && policy !== 'noeviction') {
    return `evicts keys when its memory is full (${policy}), and jobs with them; set maxmemory-policy noeviction`;
  }
  return null;
}
