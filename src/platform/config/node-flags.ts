/**
 * Flags that every long-lived process is started with. Without them V8 collects garbage and compiles with four more
 * threads. For some milliseconds these take all cores of a small machine, and requests wait. Most objects here become
 * garbage soon, and one thread collects those in about a millisecond.
 */
export const NODE_FLAGS: readonly string[] = ['--single-threaded-gc', '--v8-pool-size=1'];
