import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Repeating } from '../platform/scheduling/repeating.js';
import { type ClaimedErasure, ErasuresRepository } from './erasures/erasures.repository.js';
import { SubjectEraser } from './erasers/subject-eraser.js';

const PAUSE_MS = 2_000;
const RENEW_MS = 15_000;

/** Carries out erasures, oldest first. What is to be done is in PostgreSQL, so a killed worker's is taken up by another. */
@Injectable()
export class ErasureRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(ErasureRunner.name);
  private stopping = false;
  private readonly repeating = new Repeating(
    PAUSE_MS,
    () => this.runAll(),
    // the message of a failed statement may quote the subject
    (error) => this.logger.warn(`an erasure failed and is tried again: ${error.name}`),
  );

  constructor(
    private readonly erasures: ErasuresRepository,
    private readonly eraser: SubjectEraser,
  ) {}

  onApplicationBootstrap(): void {
    this.repeating.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.repeating.stop();
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
    return this.stopping ? Promise.resolve(null) : this.erasures.claim();
  }
}
