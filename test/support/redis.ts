import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Redis, type RedisOptions } from 'ioredis';
import { eventually } from './eventually.js';

/** The Redis that `npm test` found, with an empty database for this jest worker; undefined when there is none. */
export const testRedisUrl: string | undefined =
  process.env['TEST_REDIS_URL'] === undefined
    ? undefined
    : `${process.env['TEST_REDIS_URL'].replace(/\/\d*$/, '')}/${process.env['JEST_WORKER_ID'] ?? '1'}`;

export async function flushTestRedis(): Promise<void> {
  if (testRedisUrl === undefined) return;
  const redis = new Redis(testRedisUrl);
  await redis.flushdb();
  redis.disconnect();
}

/** How the values of each type of key are read. */
const READERS: Record<string, (redis: Redis, key: string) => Promise<unknown>> = {
  string: (redis, key) => redis.get(key),
  hash: (redis, key) => redis.hgetall(key),
  list: (redis, key) => redis.lrange(key, 0, -1),
  set: (redis, key) => redis.smembers(key),
  zset: (redis, key) => redis.zrange(key, 0, -1),
  stream: (redis, key) => redis.xrange(key, '-', '+'),
};

/** Every key with its value, as text. DUMP would not do: it compresses. */
export async function dumpTestRedis(): Promise<string[]> {
  if (testRedisUrl === undefined) return [];
  const redis = new Redis(testRedisUrl);
  const dump: string[] = [];
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key);
    if (type === 'none') continue; // it has expired meanwhile
    const read = READERS[type];
    if (read === undefined) throw new Error(`nobody reads the ${type} ${key}`);
    dump.push(`${key} ${JSON.stringify(await read(redis, key))}`);
  }
  redis.disconnect();
  return dump;
}

export interface RedisServer {
  url: string;
  port: number;
  kill(): Promise<void>;
}

/** A Redis server of the test's own, which it may stop and start again on the same port. */
export async function startRedisServer(
  port?: number,
  options: readonly string[] = [],
  client: RedisOptions = {},
): Promise<RedisServer> {
  const chosen = port ?? (await freePort());
  const listen = options.includes('--tls-port') ? [] : ['--port', String(chosen)];
  const all = [...options, ...listen, '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', all, { stdio: 'ignore' });
  const url = `redis://127.0.0.1:${chosen}`;
  await eventually(async () => {
    const redis = new Redis(url, { ...client, lazyConnect: true, retryStrategy: () => null });
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      await redis.ping();
    } finally {
      redis.disconnect();
    }
  });
  return {
    url,
    port: chosen,
    kill: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
