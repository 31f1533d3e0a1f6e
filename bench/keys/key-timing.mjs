import { round } from '../statistics.mjs';

/** |t| beyond which two means differ at p < 0.001, for this many samples. */
const SIGNIFICANT = 3.29;
const TRIES = 3;

/**
 * Whether a prefix is in use must not show in how long a refusal takes: Welch's t-test over refusals of keys with a
 * used and with an unused prefix, in random order. As in dudect (Reparaz et al., DATE 2017) the slowest tenth, where the
 * noise of the machine is, is left out. Chance alone exceeds the bound once in 1,000 runs, and never three times in a
 * row; a real difference does every time.
 *
 * @param {import('../stack.mjs').Stack} stack
 * @param {{tell: (line: string) => void}} options
 * @returns {Promise<import('../results.mjs').Ratio>}
 */
export async function measureKeyTiming(stack, { tell }) {
  const timer = stack.launch('key-timing', 'bench/keys/process.mjs', [await stack.createKey()]);
  await timer.next();
  const values = [];
  do values.push(Math.abs(await timer.ask({})));
  while (values.at(-1) > SIGNIFICANT && values.length < TRIES);
  await timer.kill();
  tell(`keys: |t| = ${values.map((t) => t.toFixed(2)).join(', ')}`);
  const ours = round(Math.min(...values), 2);
  const figures = { ours, reference: SIGNIFICANT, value: round(ours / SIGNIFICANT, 2) };
  return { name: 'key_timing', goal: 1, higher_is_better: false, ...figures };
}
