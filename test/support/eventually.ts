import { setTimeout as delay } from 'node:timers/promises';

/** Runs `check` until it stops throwing and returns its result; after `withinMs` its last error is thrown. */
export async function eventually<T>(check: () => Promise<T> | T, withinMs = 15_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(20);
    }
  }
}
