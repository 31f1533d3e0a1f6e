import { sleep } from './waiting.mjs';

const SECOND_BLOW_SHARE = 0.2;

/**
 * @typedef {object} Kill
 * @property {Date} at
 * @property {number | undefined} recovery_s seconds; stays undefined when the next kill came first
 */

/**
 * Kills `target` again and again: mostly a random moment after it is at work again, one time in five while it still
 * starts. A kill may come before the last one is recovered from, but never two in a row: otherwise the rig would
 * measure its own persistence.
 *
 * @param {import('./targets.mjs').Target} target
 * @param {number} count
 * @param {import('./random.mjs').Random} random
 * @param {() => boolean} isGivenUp asked before each kill
 * @returns {Promise<Kill[]>}
 */
export async function killRepeatedly(target, count, random, isGivenUp) {
  /** @type {Kill[]} */
  const kills = [];
  let recovery = Promise.resolve();
  let isSecondBlow = false;
  while (kills.length < count && !isGivenUp()) {
    await sleep(isSecondBlow ? random.between(200, 1_000) : pauseMs(random));
    const isTooSoon = kills.length > 0 && kills.at(-1).recovery_s === undefined;
    await target.kill();
    const kill = { at: new Date(), recovery_s: undefined };
    kills.push(kill);
    recovery = noteRecovery(target, kills, kill);
    await target.restart();
    isSecondBlow = !isTooSoon && random.chance(SECOND_BLOW_SHARE);
    if (isTooSoon) await recovery;
    if (!isSecondBlow) await target.isUp();
  }
  await recovery;
  return kills;
}

async function noteRecovery(target, kills, kill) {
  const seconds = await target.recover();
  if (kills.at(-1) === kill) kill.recovery_s = seconds;
}

/** 0.2 to 3 s, more often short than long: that brings more kills into the same time. */
function pauseMs(random) {
  return 200 + 2_800 * random.next() ** 2;
}
