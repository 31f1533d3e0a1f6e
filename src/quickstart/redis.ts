import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../platform/config/config.js';
import { redact } from '../platform/logging/redact.js';
import type { RedisConfig } from '../platform/redis/redis-client.js';
import { probeRedis } from '../platform/redis/redis-fitness.js';
import { progress } from './progress.js';

const RETRY_MS = 500;
const SAY_EVERY_MS = 10_000;

/** The worker would wait for it without a word, and this command for the worker. */
export async function waitForRedis(config: RedisConfig, signal: AbortSignal): Promise<void> {
  let saidAt = -Infinity;
  for (let fault; (fault = await faultOf(config)) !== null; await sleep(RETRY_MS, undefined, { signal })) {
    signal.throwIfAborted();
    if (performance.now() - saidAt < SAY_EVERY_MS) continue;
    saidAt = performance.now();
    progress(`waiting for the Redis of REDIS_URL (${redact(fault)}); without REDIS_URL no Redis is needed`);
  }
}

async function faultOf(config: RedisConfig): Promise<string | null> {
  try {
    await probeRedis(config);
    return null;
  } catch (error) {
    if (error instanceof ConfigError) throw error; // of REDIS_CA_FILE
    return (error as Error).message;
  }
}
