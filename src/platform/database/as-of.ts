import { AsyncLocalStorage } from 'node:async_hooks';

interface Answer {
  asOf: number;
}

const answers = new AsyncLocalStorage<Answer>();

/** A part of the answer that is being made was read from a replica, which had everything until `asOf`. */
export function noteAsOf(asOf: number): void {
  const answer = answers.getStore();
  if (answer !== undefined) answer.asOf = Math.min(answer.asOf, asOf);
}

/** The answer of `work`; with `as_of` when it, or a part of it, was read from a replica. */
export async function answerAsOf<T>(work: () => Promise<T>): Promise<T> {
  const answer = { asOf: Infinity };
  const result = await answers.run(answer, work);
  if (answer.asOf === Infinity || typeof result !== 'object' || result === null) return result;
  return { ...result, as_of: new Date(answer.asOf).toISOString() };
}
