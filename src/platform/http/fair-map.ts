import { setImmediate as yieldToOthers } from 'node:timers/promises';

/** Long work blocks the whole process; after this long in one request, others get their turn. */
const MAX_BLOCKED_MS = 10;

/** `items.map(make)`, with pauses for other requests. */
export async function fairMap<T, R>(items: readonly T[], make: (item: T, index: number) => R): Promise<R[]> {
  const made: R[] = [];
  let since = performance.now();
  for (const [index, item] of items.entries()) {
    made.push(make(item, index));
    if (performance.now() - since > MAX_BLOCKED_MS) {
      await yieldToOthers();
      since = performance.now();
    }
  }
  return made;
}
