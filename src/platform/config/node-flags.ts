/**
 * What every long-lived process is started with. V8 would collect garbage and compile with four more threads; for some
 * milliseconds they take all cores of a small machine, and whoever sends events meanwhile waits. Most garbage dies young
 * here, which one thread collects in about a millisecond.
 */
export const NODE_FLAGS: readonly string[] = ['--single-threaded-gc', '--v8-pool-size=1'];
