import { Injectable, Logger } from '@nestjs/common';
import type { PeriodicTask } from '../platform/scheduling/periodic-task.js';
import { PeriodicTasks } from '../platform/scheduling/periodic-tasks.js';
import { type ClaimedErasure, ErasuresRepository } from './erasures/erasures.repository.js';
import { SubjectEraser } from './erasers/subject-eraser.js';

const PAUSE_MS = 2_000;
const RENEW_MS = 15_000;

/**
 * Carries out erasures, oldest first. Their state is in PostgreSQL, so another worker continues the erasure of a killed
 * one.
 */
@Injectable()
export class ErasureRunner {
  private readonly logger = new Logger(ErasureRunner.name);
  private readonly task: PeriodicTask;

  constructor(
    private readonly erasures: ErasuresRepository,
    private readonly eraser: SubjectEraser,
    tasks: PeriodicTasks,
  ) {
    this.task = tasks.add({
      name: 'erasures',
      schedule: { pauseMs: PAUSE_MS },
      run: () => this.runAll(),
      // the message of a failed statement may quote the subject
      onError: (error) => this.logger.warn(`an erasure failed and is tried again: ${error.name}`),
    });
  }

  async runAll(): Promise<void> {
    for (let claimed = await this.next(); claimed !== null; claimed = await this.next()) await this.run(claimed);
  }

  /** Renews the lease while it works: one statement may take longer than that. */
  private async run(erasure: ClaimedErasure): Promise<void> {
    const renewing = setInterval(() => {
      this.erasures.renew(erasure).catch(() => undefined); // the next one may succeed, else the step fails
    }, RENEW_MS);
    try {
      if (await this.eraser.erase(erasure)) this.logger.log(`erasure ${erasure.id} is completed`);
      else await this.erasures.putOff(erasure);
    } finally {
      clearInterval(renewing);
    }
  }

  private next(): Promise<ClaimedErasure | null> {
    return this.task.signal.aborted ? Promise.resolve(null) : this.erasures.claim();
  }
}
