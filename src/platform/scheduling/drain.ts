/**
 * Repeats `step` until it finds nothing to do, or the process stops.
 * @param step resolves to whether there may be more
 */
export async function drain(signal: AbortSignal, step: () => Promise<boolean>): Promise<void> {
  while (!signal.aborted && (await step()));
}

/**
 * Runs `work` and meanwhile `renew` again and again, whose failures are not told: `work` finds out what it has lost.
 */
export async function whileRenewing<T>(
  renew: () => Promise<unknown>,
  everyMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const renewing = setInterval(() => {
    renew().catch(() => undefined); // the next one may succeed
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(renewing);
  }
}
