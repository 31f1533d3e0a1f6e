import { InjectQueue } from '@nestjs/bullmq';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { RareWarning } from '../../platform/logging/rare-warning.js';
import { withTimeout } from '../../platform/scheduling/with-timeout.js';
import type { Step } from '../../platform/tracing/tracer.js';
import { Tracing } from '../../platform/tracing/tracing.js';
import { EVENTS_QUEUE, MAX_TRACES_PER_JOB, PROCESS_BATCHES, type ProcessBatchesJob } from './events.jobs.js';

/**
 * After a notification, batches that do not fill a job wait this long for others to share it: a job costs as much as
 * dozens of events. While batches keep coming each wait is twice the one before, up to the most; after a wait without
 * any, the next batch notifies at once.
 */
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = 800;
const MAX_IDS_PER_JOB = 100;
const GIVE_UP_MS = 1_000;
const SEND: Step = {
  name: `send ${EVENTS_QUEUE}`,
  kind: 'producer',
  attributes: { 'messaging.system': 'bullmq', 'messaging.destination.name': EVENTS_QUEUE },
};

/**
 * Tells the workers that batches wait. Best effort by design: nobody awaits it, and when a notification is lost with
 * its queue, the poller finds the batches.
 */
@Injectable()
export class BatchNotifier implements OnApplicationShutdown {
  private readonly warning = new RareWarning(new Logger(BatchNotifier.name));
  private waiting: string[] = [];
  /** By batch that waits, the spans of its commit; empty where traces are off. */
  private readonly traceparents = new Map<string, readonly string[]>();
  private notifying: Promise<void> | undefined;
  private stopping = false;
  private endPause: () => void = () => undefined;

  constructor(
    @InjectQueue(EVENTS_QUEUE) private readonly queue: Queue<ProcessBatchesJob>,
    private readonly tracing: Tracing,
  ) {
    this.queue.on('error', (error) => this.warn(error));
  }

  /** Returns at once. */
  notify(batchIds: readonly string[]): void {
    if (batchIds.length === 0) return;
    this.waiting.push(...batchIds);
    const { parents } = this.tracing;
    if (parents.length > 0) for (const id of batchIds) this.traceparents.set(id, parents);
    this.notifying ??= this.notifyAll().finally(() => (this.notifying = undefined));
  }

  /** Sends what waits without further pauses, and gives up when the queue is away. */
  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    this.endPause();
    await this.notifying;
  }

  private async notifyAll(): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    while (this.waiting.length > 0) {
      const batchIds = this.waiting.splice(0, MAX_IDS_PER_JOB);
      try {
        // BullMQ can wait for ever for a Redis that is away; this must not.
        await withTimeout(this.send(batchIds), GIVE_UP_MS, 'the queue did not answer');
      } catch (error) {
        this.warn(error as Error);
        if (this.stopping) return;
      }
      if (this.waiting.length >= MAX_IDS_PER_JOB) continue;
      if (!this.stopping) await this.pause(waitMs);
      waitMs = Math.min(2 * waitMs, MAX_WAIT_MS);
    }
  }

  private send(batchIds: string[]): Promise<unknown> {
    return this.tracing.within(SEND, this.takeTraceparents(batchIds), () => {
      const { parents } = this.tracing;
      return this.queue.add(PROCESS_BATCHES, {
        batch_ids: batchIds,
        ...(parents.length === 0 ? {} : { traceparents: [...parents] }),
      });
    });
  }

  private takeTraceparents(batchIds: readonly string[]): string[] {
    if (this.traceparents.size === 0) return [];
    const found = new Set(batchIds.flatMap((id) => this.traceparents.get(id) ?? []));
    for (const id of batchIds) this.traceparents.delete(id);
    return [...found].slice(0, MAX_TRACES_PER_JOB);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.endPause = resolve;
      setTimeout(resolve, ms);
    });
  }

  private warn(error: Error): void {
    this.warning.warn(`could not enqueue: ${error.message}; the poller will find the batches`);
  }
}
