import { InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Inject, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { QueueConnection } from '../../platform/queues/queues.js';
import { RareWarning } from '../../platform/logging/rare-warning.js';
import { isUuid } from '../../platform/database/uuid7.js';
import { readTraceparent } from '../../platform/tracing/traceparent.js';
import type { Step } from '../../platform/tracing/tracer.js';
import { Tracing } from '../../platform/tracing/tracing.js';
import { BatchProcessingService } from './batch-processing.service.js';
import { EVENTS_QUEUE, MAX_TRACES_PER_JOB, type ProcessBatchesJob } from './events.jobs.js';

/** Pause after the queue was not reachable. BullMQ's own 15 s would leave all work to the poller meanwhile. */
const QUEUE_RETRY_MS = 1_000;
const PROCESS: Step = {
  name: `process ${EVENTS_QUEUE}`,
  kind: 'consumer',
  attributes: { 'messaging.system': 'bullmq', 'messaging.destination.name': EVENTS_QUEUE },
};

/** A job is tried once: a batch that fails is still queued in PostgreSQL, where the poller finds it. */
@Processor(EVENTS_QUEUE, { runRetryDelay: QUEUE_RETRY_MS })
export class EventsProcessor extends WorkerHost implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(EventsProcessor.name);
  private readonly queueWarning = new RareWarning(this.logger);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly batches: BatchProcessingService,
    private readonly connection: QueueConnection,
    @InjectQueue(EVENTS_QUEUE) queue: Queue,
    private readonly tracing: Tracing,
  ) {
    super();
    queue.on('error', (error) => this.onError(error));
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.config.WORKER_CONCURRENCY;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.connection.leaveIfAway(this.worker);
  }

  async process(job: Job<ProcessBatchesJob>): Promise<number> {
    return this.tracing.within(PROCESS, readTraceparents(job.data), () => this.batches.process(readBatchIds(job.data)));
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.queueWarning.warn(`queue: ${error.message}`);
  }

  @OnWorkerEvent('failed')
  onFailed(_job: Job | undefined, error: Error): void {
    this.logger.warn(`job failed, the poller will retry its batches: ${error.message}`);
  }
}

function readTraceparents(data: unknown): string[] {
  const list = (data as { traceparents?: unknown } | null)?.traceparents;
  if (!Array.isArray(list)) return [];
  return list.slice(0, MAX_TRACES_PER_JOB).filter((one): one is string => readTraceparent(one) !== undefined);
}

/** What comes from the queue is not trusted: anything but ids is ignored. */
function readBatchIds(data: unknown): string[] {
  const ids = (data as { batch_ids?: unknown } | null)?.batch_ids;
  return Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string' && isUuid(id)) : [];
}
