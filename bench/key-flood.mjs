import { randomBytes } from 'node:crypto';
import { emptyTables } from './tables.mjs';

const GOOD_PER_SECOND = 100;
const BAD_PER_SECOND = 300;
const WARM_UP_SECONDS = 5;
/** What the promise names: a flood of 20 seconds. */
const SECONDS = 20;

/**
 * What a flood of bad keys does to everybody else: events at a steady rate, without and with it in turn.
 *
 * @typedef {{p50_ms: number, p99_ms: number, answers: Record<string, number>}} FloodRound
 *
 * @param {import('./stack.mjs').Stack} stack
 * @param {import('./options.mjs').Options & {key: string, tell: (line: string) => void}} options
 * @returns {Promise<{quiet: FloodRound[], flooded: FloodRound[]}>}
 */
export async function measureKeyFlood(stack, { key, floodRounds, tell }) {
  const worker = await stack.startWorker();
  const load = (badPerSecond, seconds) =>
    stack.loadPaced(key, { perSecond: GOOD_PER_SECOND, seconds, badPerSecond, badKeys: badKeys(key) });
  await emptyTables(stack);
  await load(BAD_PER_SECOND, WARM_UP_SECONDS);
  const results = { quiet: [], flooded: [] };
  for (let n = 1; n <= floodRounds; n++) {
    results.quiet.push(await load(0, SECONDS));
    results.flooded.push(await load(BAD_PER_SECOND, SECONDS));
    const [quiet, flooded] = [results.quiet.at(-1), results.flooded.at(-1)];
    const refused = Object.entries(flooded.answers).map(([status, count]) => `${count} × ${status}`);
    tell(`flood, round ${n}: p99 ${quiet.p99_ms.toFixed(1)} → ${flooded.p99_ms.toFixed(1)} ms (${refused.join(', ')})`);
  }
  await worker.stop();
  return results;
}

/** Made-up secrets under the prefix of a key in use and under others, and things that only look like a credential. */
function badKeys(key) {
  const text = (bytes, length) => randomBytes(bytes).toString('base64url').slice(0, length);
  return Array.from({ length: 1_000 }, (_, n) => {
    if (n % 3 === 0) return `${key.slice(0, 'tmk_'.length + 16)}_${text(33, 43)}`;
    if (n % 3 === 1) return `tmk_${text(12, 16)}_${text(33, 43)}`;
    return n % 2 === 0 ? `eyJhbGciOiJIUzI1NiJ9.${text(60, 80)}.${text(33, 43)}` : text(30, 40);
  });
}
