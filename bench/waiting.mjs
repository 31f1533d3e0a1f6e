import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/** Asks again until `ask` gives true. @throws {Error} after `timeoutMs` */
export async function until(what, ask, timeoutMs, pauseMs = 20) {
  for (const deadline = performance.now() + timeoutMs; !(await ask()); await sleep(pauseMs)) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1_000} s`);
  }
}
