import { sleep } from './waiting.mjs';

const SECOND_BLOW_SHARE = 0.2;
const AWAY_MS = 4_000;

/**
 * Kills `target` again and again: mostly a random moment after it is at work again, one time in five while it still
 * starts.
 *
 * @param {import('./targets.mjs').Target} target
 * @param {number} kills
 * @param {import('./random.mjs').Random} random
 * @param {() => boolean} isGivenUp asked before each kill
 * @returns {Promise<number[]>} seconds each recovery took
 */
export async function killRepeatedly(target, kills, random, isGivenUp) {
  const recoveries = [];
  let isSecondBlow = false;
  for (let n = 0; n < kills && !isGivenUp(); n++) {
    await sleep(isSecondBlow ? random.between(200, 1_000) : random.between(200, 3_000));
    await target.kill();
    recoveries.push(target.recover());
    await target.restart();
    isSecondBlow = !isSecondBlow && random.chance(SECOND_BLOW_SHARE);
    if (!isSecondBlow) await target.isUp();
  }
  return Promise.all(recoveries);
}

/**
 * Leaves the queue away for a while.
 * @returns {Promise<{attempts: number, failed: number}>} requests in that time, and those that brought no 202
 */
export async function withQueueAway(target, load) {
  const before = { attempts: load.attempts, failed: load.failedAttempts };
  await target.kill();
  await sleep(AWAY_MS);
  const attempts = load.attempts - before.attempts;
  const failed = load.failedAttempts - before.failed;
  await target.restart();
  await target.isUp();
  return { attempts, failed };
}
