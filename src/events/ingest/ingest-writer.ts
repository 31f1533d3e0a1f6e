import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiCall } from '../../audit/call-log/api-call.js';
import { outsideRequests } from '../../platform/logging/log-context.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { isConnectionError, sqlState } from '../../platform/database/database.js';
import { databaseAway, unavailable } from '../../platform/http/problem.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import type { Step } from '../../platform/tracing/tracer.js';
import { Tracing } from '../../platform/tracing/tracing.js';
import { formatUuid } from '../../platform/database/uuid7.js';
import { BatchNotifier } from '../processing/batch-notifier.js';
import type { AcceptableEvent, Outcome } from '../parsing/event.js';
import { IngestMetrics } from './ingest-metrics.js';
import { IngestRepository, type KnownEvent } from './ingest.repository.js';

/** A group ends when it has this many events or bytes; more would make a commit slower without saving work. */
const GROUP_EVENTS = 2_000;
const GROUP_BYTES = 4 * 1_048_576;
/**
 * Small groups commit one at a time, because waiting makes them larger; this many waiting events are worth a second
 * commit.
 */
const LARGE_GROUP_EVENTS = 500;
const MAX_COMMITS_IN_FLIGHT = 2;
/** Bytes that one waiting event takes besides its payload. */
const EVENT_OVERHEAD_BYTES = 400;
const MAX_ATTEMPTS = 3;
const COMMIT: Step = { name: 'commit events', kind: 'internal' };

/** The events of one request, waiting for their commit. */
interface Submission {
  events: readonly AcceptableEvent[];
  bytes: number;
  /** The spans that wait for it. */
  traceparents: readonly string[];
  resolve: (outcomes: Outcome[]) => void;
  reject: (error: unknown) => void;
}

/**
 * Group commit. While one group is being committed, everything that arrives waits and becomes the next group: no
 * timers, no added latency when idle, large groups under load.
 */
@Injectable()
export class IngestWriter implements OnApplicationShutdown {
  private readonly logger = new Logger(IngestWriter.name);
  private readonly waiting = new Map<string, Submission[]>();
  private readonly waitingBytes = new Map<string, number>();
  private totalBytes = 0;
  private waitingEvents = 0;
  private inFlight = 0;
  private readonly committers = new Set<Promise<void>>();
  private readonly metrics: IngestMetrics;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly repository: IngestRepository,
    private readonly notifier: BatchNotifier,
    metrics: Metrics,
    private readonly tracing: Tracing,
  ) {
    const buffer = { bytes: () => this.totalBytes, limit: config.INGEST_BUFFER_BYTES };
    this.metrics = new IngestMetrics(metrics, buffer, config.METRICS_TENANT_LABELS);
  }

  /**
   * Resolves once the outcome of every event is committed, in the order given.
   * @param call log row that is committed with the first of the events that is new
   * @throws Problem 503 when the buffer is full or the database is away: nothing is known to be stored, and sending the
   *   same event ids again is safe
   */
  write(tenantId: string, events: readonly AcceptableEvent[], call?: ApiCall): Promise<Outcome[]> {
    for (const event of events) event.call = call;
    const bytes = events.reduce((sum, event) => sum + event.payload.length + EVENT_OVERHEAD_BYTES, 0);
    if (!this.hasRoom(tenantId, bytes)) {
      this.metrics.refused();
      return Promise.reject(
        unavailable('Events arrive faster than they can be stored. Send this request again shortly.'),
      );
    }
    return new Promise((resolve, reject) => {
      const queue = this.waiting.get(tenantId) ?? [];
      queue.push({ events, bytes, traceparents: this.tracing.parents, resolve, reject });
      this.waiting.set(tenantId, queue);
      this.waitingEvents += events.length;
      this.addWaiting(tenantId, bytes);
      this.startCommitter();
    });
  }

  /** Runs after HTTP has drained: what is still waiting is committed before the pools close. */
  async onApplicationShutdown(): Promise<void> {
    while (this.committers.size > 0) await Promise.all(this.committers);
  }

  /**
   * A tenant may hold as much of the buffer as it leaves free (dynamic thresholds: Choudhury and Hahne, 1998): a single
   * tenant gets half, two get a third each, and there is always room for the next.
   */
  private hasRoom(tenantId: string, bytes: number): boolean {
    const free = this.config.INGEST_BUFFER_BYTES - this.totalBytes;
    const held = this.waitingBytes.get(tenantId) ?? 0;
    return held === 0 ? bytes <= free : held + bytes <= free;
  }

  private addWaiting(tenantId: string, bytes: number): void {
    this.totalBytes += bytes;
    const held = (this.waitingBytes.get(tenantId) ?? 0) + bytes;
    if (held === 0) this.waitingBytes.delete(tenantId);
    else this.waitingBytes.set(tenantId, held);
  }

  private startCommitter(): void {
    if (this.inFlight > 0 && (this.inFlight === MAX_COMMITS_IN_FLIGHT || this.waitingEvents < LARGE_GROUP_EVENTS))
      return;
    this.inFlight += 1;
    // It commits for many: what it logs belongs to no request.
    const committer = outsideRequests(() => this.commitWaiting()).finally(() => this.committers.delete(committer));
    this.committers.add(committer);
  }

  private async commitWaiting(): Promise<void> {
    // Let the requests that were read in the same turn of the event loop join the group.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.size > 0 && (this.inFlight === 1 || this.waitingEvents >= LARGE_GROUP_EVENTS)) {
      const group = this.nextGroup();
      await this.commitGroup(group);
      for (const [tenantId, submission] of group) this.addWaiting(tenantId, -submission.bytes);
    }
    // In the same step as the last check of the queue: the next writer starts its own committer.
    this.inFlight -= 1;
  }

  /** Takes one submission of each tenant in turn, so that a busy tenant cannot keep the others waiting. */
  private nextGroup(): [tenantId: string, Submission][] {
    const group: [string, Submission][] = [];
    let events = 0;
    let bytes = 0;
    while (this.waiting.size > 0) {
      for (const [tenantId, queue] of this.waiting) {
        const next = queue[0]!; // an empty queue is deleted below
        if (events > 0 && (events + next.events.length > GROUP_EVENTS || bytes + next.bytes > GROUP_BYTES))
          return group;
        group.push([tenantId, next]);
        events += next.events.length;
        this.waitingEvents -= next.events.length;
        bytes += next.bytes;
        queue.shift();
        if (queue.length === 0) this.waiting.delete(tenantId);
      }
    }
    return group;
  }

  private async commitGroup(group: readonly [string, Submission][]): Promise<void> {
    const since = performance.now();
    try {
      const parents = group.flatMap(([, submission]) => submission.traceparents);
      const outcomes = await this.tracing.within(COMMIT, parents, () =>
        this.store(group.flatMap(([, submission]) => submission.events)),
      );
      this.metrics.committed(since, outcomes);
      let offset = 0;
      for (const [tenantId, submission] of group) {
        const own = outcomes.slice(offset, (offset += submission.events.length));
        this.metrics.ofTenant(tenantId, own);
        submission.resolve(own);
      }
    } catch (error) {
      this.metrics.failed();
      if (isConnectionError(error)) this.logger.warn(`commit of ${group.length} requests: ${(error as Error).message}`);
      const answer = isConnectionError(error) ? databaseAway() : error;
      for (const [, submission] of group) submission.reject(answer);
    }
  }

  /** Outcome of every event, in order. */
  private async store(events: readonly AcceptableEvent[]): Promise<Outcome[]> {
    const outcomes = await this.insertOrIsolate(events);
    const open = events.map((_event, index) => index).filter((index) => outcomes[index] === undefined);
    if (open.length > 0) {
      const known = await this.repository.findKnown(open.map((index) => events[index]!));
      open.forEach((index, n) => (outcomes[index] = toOutcome(known[n])));
    }
    return outcomes as Outcome[];
  }

  /** @returns per event accepted or rejected, or undefined where the ledger had its key */
  private async insertOrIsolate(events: readonly AcceptableEvent[]): Promise<(Outcome | undefined)[]> {
    try {
      return await this.insert(events);
    } catch (error) {
      if (!isDataError(error)) throw error;
      if (events.length === 1) return [{ status: 'rejected', message: `cannot be stored (${sqlState(error)})` }];
      // PostgreSQL refused one event of the group: split until only the refused one is left.
      this.logger.warn(`isolating an event that PostgreSQL refused: ${(error as Error).message}`);
      const outcomes = new Array<Outcome | undefined>(events.length);
      for (const indexes of split(events)) {
        const part = await this.insertOrIsolate(indexes.map((index) => events[index]!));
        indexes.forEach((index, n) => (outcomes[index] = part[n]));
      }
      return outcomes;
    }
  }

  private async insert(events: readonly AcceptableEvent[]): Promise<(Outcome | undefined)[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { known, batchIds } = await this.repository.insertGroup(events);
        this.notifier.notify(batchIds);
        if (batchIds.length > 0) this.metrics.batches(batchIds.length);
        return events.map((event) => {
          const id = formatUuid(event.id);
          return known.size > 0 && known.has(id) ? undefined : { status: 'accepted', id };
        });
      } catch (error) {
        if (!isRetryable(error) || attempt === MAX_ATTEMPTS) throw error;
        await delay(Math.random() * 20 * attempt);
      }
    }
  }
}

function toOutcome(known: KnownEvent | undefined): Outcome {
  if (known === undefined) return { status: 'rejected', message: 'repeats an event that has just been removed' };
  if (!known.same) return { status: 'conflict', id: known.id };
  return { status: 'duplicate', id: known.id, eventStatus: known.status };
}

/** Indexes of two parts: one tenant and the rest as long as there are several tenants, else two halves. */
function split(events: readonly AcceptableEvent[]): [number[], number[]] {
  const indexes = events.map((_event, index) => index);
  const tenantId = events[0]?.tenantId;
  const others = indexes.filter((index) => events[index]?.tenantId !== tenantId);
  if (others.length > 0) return [indexes.filter((index) => events[index]?.tenantId === tenantId), others];
  const middle = events.length >> 1;
  return [indexes.slice(0, middle), indexes.slice(middle)];
}

/**
 * 22 data exception, 23514 no partition or a failed check, 54 a limit of PostgreSQL: the statement's data is at fault.
 */
function isDataError(error: unknown): boolean {
  return /^(22|23514|54)/.test(sqlState(error) ?? '');
}

/** Deadlock or serialization failure: the same statement can succeed. */
function isRetryable(error: unknown): boolean {
  return ['40P01', '40001'].includes(sqlState(error) ?? '');
}
