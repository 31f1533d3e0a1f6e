import { round } from '../statistics.mjs';

/** An answer of 336 objects and 17 KB of text makes 38 KB, a query of 500 rows 45: all of it old, if it does not die young. */
const LIMIT_BYTES = 7_500;

/**
 * How much of what a request or a query makes outlives it (ADR 25), in a process of its own.
 *
 * @param {import('../stack.mjs').Stack} stack
 * @param {{tell: (line: string) => void}} options
 * @returns {Promise<import('../results.mjs').Ratio[]>}
 */
export async function measureGarbage(stack, { tell }) {
  const { key } = await stack.createTenantKey(['read']);
  const measured = stack.launch('garbage', 'bench/garbage/process.mjs', [key]);
  const { answer } = await measured.next();
  await measured.kill();
  tell(`garbage: ${round(answer.requests)} bytes of a request grow old, ${round(answer.queries)} of a query`);
  return Object.entries(answer).map(([what, bytes]) => {
    const ours = Math.max(0, round(bytes));
    const figures = { ours, reference: LIMIT_BYTES, value: round(ours / LIMIT_BYTES, 2) };
    return { name: `old_${what}`, goal: 1, higher_is_better: false, ...figures };
  });
}
