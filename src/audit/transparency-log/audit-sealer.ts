import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { Counter } from 'prom-client';
import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CONFIG, type Config, wrongSetting } from '../../platform/config/config.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { drain } from '../../platform/scheduling/drain.js';
import type { PeriodicTask } from '../../platform/scheduling/periodic-task.js';
import { PeriodicTasks } from '../../platform/scheduling/periodic-tasks.js';
import { MINUTE_MS } from '../../platform/time/time.js';
import type { SignedCheckpoint } from './audit-tree.repository.js';
import { SealingService } from './sealing.service.js';

const PAUSE_MS = 1_000;

/**
 * Seals new audit entries every second. A plain timer: the waiting entries are in PostgreSQL, so no queue is needed.
 */
@Injectable()
export class AuditSealer implements BeforeApplicationShutdown {
  private readonly logger = new Logger(AuditSealer.name);
  private readonly task: PeriodicTask;
  /** The newest checkpoint of each tenant that the log file does not hold yet. */
  private readonly unlogged = new Map<string, SignedCheckpoint>();
  private loggedAt = 0;
  private readonly entries: Counter;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly sealing: SealingService,
    metrics: Metrics,
    tasks: PeriodicTasks,
  ) {
    this.entries = metrics.counter('tidemark_sealing_entries_total');
    this.task = tasks.add({
      name: 'sealing',
      schedule: { pauseMs: PAUSE_MS },
      run: (signal) => this.seal(signal),
      onError: (error) => this.logger.warn(`sealing: ${error.message}`),
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.task.stop();
    await this.logCheckpoints();
  }

  /** Goes on until nothing waits. */
  async seal(signal: AbortSignal): Promise<void> {
    await drain(signal, async () => {
      const { checkpoints, more, sealed } = await this.sealing.sealOnce();
      this.entries.inc(sealed);
      for (const checkpoint of checkpoints) this.unlogged.set(checkpoint.tenantId, checkpoint);
      return more;
    });
    if (Date.now() - this.loggedAt >= MINUTE_MS) await this.logCheckpoints();
  }

  /** The external anchor: a file that the owner of the database need not be able to change. */
  private async logCheckpoints(): Promise<void> {
    const file = this.config.AUDIT_CHECKPOINT_LOG;
    if (file === undefined || this.unlogged.size === 0) return;
    const notes = [...this.unlogged.values()].map((checkpoint) => `${checkpoint.note}\n`);
    await append(file, notes.join(''));
    this.unlogged.clear();
    this.loggedAt = Date.now();
  }
}

/**
 * So that a worker that could not write the log does not start at all.
 * @throws ConfigError
 */
export async function checkCheckpointLog({ AUDIT_CHECKPOINT_LOG: file }: Config): Promise<void> {
  if (file === undefined) return;
  await append(file, '').catch((error: Error) => {
    throw wrongSetting('AUDIT_CHECKPOINT_LOG', `must be a file that can be written to: ${error.message}`);
  });
}

async function append(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await appendFile(file, text);
}
