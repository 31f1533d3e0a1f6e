import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { redact } from '../platform/logging/redact.js';
import { progress } from './progress.js';

const RETRY_MS = 500;
const SAY_EVERY_MS = 10_000;

/** The worker would wait for it without a word, and this command for the worker. */
export async function waitForRedis(url: string, signal: AbortSignal): Promise<void> {
  let saidAt = -Infinity;
  for (let fault; (fault = await faultOf(url)) !== null; await sleep(RETRY_MS, undefined, { signal })) {
    signal.throwIfAborted();
    if (performance.now() - saidAt < SAY_EVERY_MS) continue;
    saidAt = performance.now();
    progress(`waiting for the Redis of REDIS_URL (${redact(fault)}); without REDIS_URL no Redis is needed`);
  }
}

async function faultOf(url: string): Promise<string | null> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: 2_000, retryStrategy: () => null });
  let reason = 'it does not answer';
  redis.on('error', (error: Error) => (reason = error.message));
  try {
    await redis.connect();
    await redis.ping();
    return null;
  } catch {
    return reason;
  } finally {
    redis.disconnect();
  }
}
