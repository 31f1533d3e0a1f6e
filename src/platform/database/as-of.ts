import { AsyncLocalStorage } from 'node:async_hooks';

/** What reads the events themselves. */
export const ENGINES = ['postgresql', 'clickhouse'] as const;
export type Engine = (typeof ENGINES)[number];

interface Answer {
  asOf: number;
  engine?: Engine;
}

const answers = new AsyncLocalStorage<Answer>();

/** A part of the answer that is being made was read from a copy, which had everything until `asOf`. */
export function noteAsOf(asOf: number): void {
  const answer = answers.getStore();
  if (answer !== undefined) answer.asOf = Math.min(answer.asOf, asOf);
}

/** A part of the answer that is being made is by this engine. One part by PostgreSQL, and the answer is said to be. */
export function noteEngine(engine: Engine): void {
  const answer = answers.getStore();
  if (answer !== undefined && answer.engine !== 'postgresql') answer.engine = engine;
}

/**
 * The answer of `work`; with `as_of` when it, or a part of it, was read from a copy, and with `engine` where there are
 * two.
 */
export async function answerAsOf<T>(work: () => Promise<T>): Promise<T> {
  const answer: Answer = { asOf: Infinity };
  const result = await answers.run(answer, work);
  if (typeof result !== 'object' || result === null) return result;
  const { asOf, engine } = answer;
  return {
    ...result,
    ...(asOf === Infinity ? {} : { as_of: new Date(asOf).toISOString() }),
    ...(engine === undefined ? {} : { engine }),
  };
}
