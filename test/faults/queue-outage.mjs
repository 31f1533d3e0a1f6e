import { sleep } from './waiting.mjs';

const AWAY_MS = 4_000;

/**
 * Leaves Redis away for a while, starts an API and a worker that find none, and brings it back.
 *
 * @param {import('./targets.mjs').Parts} parts
 * @param {Record<string, import('./targets.mjs').Target>} targets
 * @returns {Promise<{attempts_while_away: number, failed_while_away: number, disturbed_at: Date[]}>} requests while it was
 *   away, those of them that brought no 202, and when other things were killed
 */
export async function outliveQueue({ load }, { api, worker, redis }) {
  const before = { attempts: load.attempts, failed: load.failedAttempts };
  await redis.kill();
  await sleep(AWAY_MS);
  const attempts_while_away = load.attempts - before.attempts;
  const failed_while_away = load.failedAttempts - before.failed;
  await Promise.all([api.kill(), worker.kill()]);
  const disturbed_at = [new Date()];
  await Promise.all([api.restart(), worker.restart()]);
  await api.isUp();
  await sleep(AWAY_MS);
  await redis.restart();
  await redis.isUp();
  return { attempts_while_away, failed_while_away, disturbed_at };
}

/** For targets without an outage of the queue. */
export const NO_OUTAGE = { attempts_while_away: 0, failed_while_away: 0, disturbed_at: [] };
