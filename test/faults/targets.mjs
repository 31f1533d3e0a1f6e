import { sleep } from './waiting.mjs';

const RECOVERY_TIMEOUT_MS = 30_000;

/**
 * One thing that can be killed.
 *
 * @typedef {object} Target
 * @property {() => Promise<void>} kill resolves when it is dead
 * @property {() => Promise<unknown>} restart resolves as soon as it may be killed again
 * @property {() => Promise<number>} recover asked right after a kill: seconds until users no longer notice it
 * @property {() => Promise<unknown>} isUp when the next kill can hit it at work
 *
 * @typedef {object} Parts
 * @property {import('./stack.mjs').Stack} stack
 * @property {import('./load.mjs').Load} load
 * @property {import('./observer.mjs').Observer} observer
 */

/** @param {Parts} parts @returns {Record<string, Target>} */
export function targetsOf({ stack, load, observer }) {
  const answered = () => untilAnswered(load);
  const processed = () => observer.timeUntilProcessed(RECOVERY_TIMEOUT_MS);
  return {
    api: {
      kill: () => stack.api.kill(),
      restart: async () => stack.api.start(),
      recover: answered,
      isUp: answered,
    },
    worker: {
      kill: () => stack.worker.kill(),
      restart: async () => stack.worker.start(),
      recover: processed,
      isUp: () => stack.worker.ready,
    },
    postgres: {
      kill: () => stack.postgres.kill(),
      restart: () => stack.postgres.start(),
      recover: answered,
      isUp: answered,
    },
    redis: {
      kill: () => stack.redis.kill(),
      restart: async () => stack.redis.start(),
      recover: processed,
      isUp: () => stack.redis.isUp(),
    },
  };
}

/** Seconds until a request that starts from now on is acknowledged. */
async function untilAnswered(load) {
  const start = performance.now();
  const at = await Promise.race([load.nextAnswer(), sleep(RECOVERY_TIMEOUT_MS, start + RECOVERY_TIMEOUT_MS)]);
  return (at - start) / 1_000;
}
