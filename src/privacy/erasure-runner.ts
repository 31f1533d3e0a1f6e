import { Injectable, Logger } from '@nestjs/common';
import { drain, whileRenewing } from '../platform/scheduling/drain.js';
import { PeriodicTasks } from '../platform/scheduling/periodic-tasks.js';
import { type ClaimedErasure, ErasureHeld, ErasuresRepository } from './erasures/erasures.repository.js';
import { SubjectEraser } from './erasers/subject-eraser.js';

const PAUSE_MS = 2_000;
const RENEW_MS = 15_000;
const HELD_SECONDS = 30;

/**
 * Carries out erasures, oldest first. Their state is in PostgreSQL, so another worker continues the erasure of a killed
 * one.
 */
@Injectable()
export class ErasureRunner {
  private readonly logger = new Logger(ErasureRunner.name);

  constructor(
    private readonly erasures: ErasuresRepository,
    private readonly eraser: SubjectEraser,
    tasks: PeriodicTasks,
  ) {
    tasks.add({
      name: 'erasures',
      schedule: { pauseMs: PAUSE_MS },
      run: (signal) => this.runAll(signal),
      // the message of a failed statement may quote the subject
      onError: (error) => this.logger.warn(`an erasure failed and is tried again: ${error.name}`),
    });
  }

  async runAll(signal: AbortSignal): Promise<void> {
    await drain(signal, async () => {
      const claimed = await this.erasures.claim();
      if (claimed !== null) await this.run(claimed);
      return claimed !== null;
    });
  }

  /** Renews the lease while it works: one statement may take longer than that. */
  private async run(erasure: ClaimedErasure): Promise<void> {
    const renew = () => this.erasures.renew(erasure);
    try {
      if (await whileRenewing(renew, RENEW_MS, () => this.eraser.erase(erasure))) {
        this.logger.log(`erasure ${erasure.id} is completed`);
      } else await this.erasures.putOff(erasure);
    } catch (error) {
      if (!(error instanceof ErasureHeld)) throw error;
      this.logger.log(error.message);
      await this.erasures.putOff(erasure, HELD_SECONDS);
    }
  }
}
