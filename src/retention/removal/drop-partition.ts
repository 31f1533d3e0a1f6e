import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from '../../platform/database/database.js';
import type { RunContext } from '../schedule/scheduled-task.js';
import { IN_USE, type Partition, type PartitionsRepository } from './partitions.repository.js';

/** Everybody waits behind whoever waits for a lock on the table: ever longer, but never noticeably. */
const FIRST_WAIT_MS = 50;
const MAX_WAIT_MS = 500;
const PAUSE_MS = 1_000;
const MAX_TRIES = 60;

/**
 * Drops a month as soon as nobody is using the table; long queries are waited out in pauses between short tries.
 * @returns false where it must stay, or was in use all the time: the next run tries again
 */
export async function dropPartition(
  partitions: PartitionsRepository,
  partition: Partition,
  mustStay: (sql: Sql) => Promise<boolean>,
  context: RunContext,
): Promise<boolean> {
  let waitMs = FIRST_WAIT_MS;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const bytes = await partitions.drop(partition, mustStay, waitMs);
    if (bytes === null) return false;
    if (bytes !== IN_USE) {
      await context.removed({ table: partition.parent, tenant_id: null, rows: 0, bytes });
      return true;
    }
    await sleep(PAUSE_MS, undefined, { signal: context.signal });
    waitMs = Math.min(MAX_WAIT_MS, Math.round(waitMs * 1.5));
  }
  return false;
}
