import { Injectable } from '@nestjs/common';
import { setImmediate as yieldToOthers, setTimeout as delay } from 'node:timers/promises';
import { Database } from '../../platform/database/database.js';
import type { AcceptableEvent } from '../parsing/event.js';
import { isFault, parseEvent } from '../parsing/event-parser.js';
import { BatchesRepository } from '../processing/batches.repository.js';
import { IngestWriter } from '../ingest/ingest-writer.js';
import { generateSampleEvents, type SampleEvent, take } from '../sample-data/sample-data.js';
import { clientOf } from '../sample-data/sample-shop.js';
import { SchemaGate } from '../schemas/schema-gate.js';
import { type ClaimedJob, JobsRepository } from './jobs.repository.js';

/** As many as a client may send at once; one commit. */
const CHUNK = 1_000;
const LEASE_RENEWAL = 20 * CHUNK;
/** So many events may wait to be counted: real ones that come meanwhile are counted after them, a second later at most. */
const MAX_PENDING = 10_000;
const PENDING_PAUSE_MS = 100;
/** A batch that cannot be counted must not hold up a job for ever. */
const MAX_PAUSES_PER_CHUNK = 30;
const MAX_PAUSES_AT_END = 600;

/**
 * Writes sample events as if clients had sent them: same checks, same ledger, same commit, same processing. Their ids
 * follow from the job and their place in it, so a chunk that is written twice is stored once.
 */
@Injectable()
export class SampleDataWriter {
  constructor(
    private readonly database: Database,
    private readonly jobs: JobsRepository,
    private readonly batches: BatchesRepository,
    private readonly writer: IngestWriter,
    private readonly gate: SchemaGate,
  ) {}

  /**
   * Goes on from `job.done`, noting in `job` and in the database how far it is.
   * @returns false when it stopped early, because of `signal` or because another worker has taken the job
   */
  async write(job: ClaimedJob, signal: AbortSignal, report: () => void): Promise<boolean> {
    const { seed, until, days } = job.parameters;
    const events = generateSampleEvents({ count: job.total, seed, until: new Date(until), days, run: job.id });
    for (let skipped = 0; skipped < job.done; skipped += CHUNK) {
      take(events, Math.min(CHUNK, job.done - skipped));
      // Passing over what is stored may take longer than the lease.
      if (skipped % LEASE_RENEWAL === 0 && !(await this.jobs.advance(job))) return false;
      await yieldToOthers();
    }
    while (job.done < job.total) {
      if (signal.aborted) return false;
      await this.waitForRoom(job.tenantId, signal);
      const chunk = take(events, CHUNK);
      job.rejected += await this.store(job.tenantId, chunk);
      job.done += chunk.length;
      if (!(await this.jobs.advance(job))) return false;
      report();
    }
    return this.waitUntilCounted(job, signal);
  }

  /** @returns how many of the events were not stored */
  private async store(tenantId: string, chunk: readonly SampleEvent[]): Promise<number> {
    const parsed = chunk.map((event) => parseEvent(event, { tenantId, clientId: clientOf(event) }));
    await this.gate.check(tenantId, parsed);
    const valid = parsed.filter((event): event is AcceptableEvent => !isFault(event));
    const outcomes = valid.length === 0 ? [] : await this.writer.write(tenantId, valid);
    return chunk.length - outcomes.filter(({ status }) => status === 'accepted' || status === 'duplicate').length;
  }

  private async waitForRoom(tenantId: string, signal: AbortSignal): Promise<void> {
    for (let pauses = 0; pauses < MAX_PAUSES_PER_CHUNK && !signal.aborted; pauses++) {
      const { events } = await this.batches.getPending(this.database.system, tenantId);
      if (events < MAX_PENDING) return;
      await delay(PENDING_PAUSE_MS);
    }
  }

  /** Whoever sees a job completed finds all its events in the counts. */
  private async waitUntilCounted(job: ClaimedJob, signal: AbortSignal): Promise<boolean> {
    const end = new Date();
    for (let pauses = 0; pauses < MAX_PAUSES_AT_END; pauses++) {
      if (!(await this.jobs.hasUncounted(job.tenantId, end))) return true;
      if (signal.aborted || !(await this.jobs.advance(job))) return false;
      await delay(PENDING_PAUSE_MS);
    }
    return true;
  }
}
