import { getHeapSpaceStatistics } from 'node:v8';

/**
 * Bytes that grow old while `work` runs: what young collections found in use and full ones have not taken away yet. A full
 * collection meanwhile can only make it less.
 */
export async function bytesGrownOld(work: () => Promise<void>): Promise<number> {
  const before = oldBytes();
  await work();
  return oldBytes() - before;
}

const oldBytes = () => getHeapSpaceStatistics().find((space) => space.space_name === 'old_space')!.space_used_size;
