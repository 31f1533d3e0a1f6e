import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '../platform/database.js';
import { Repeating } from '../platform/repeating.js';
import { type ClaimedErasure, ErasuresRepository } from './erasures.repository.js';
import { SubjectEraser } from './subject-eraser.js';

const PAUSE_MS = 2_000;

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
    private readonly database: Database,
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

  /**
   * A first pass over all there is, then, when no batch from before the start waits to be counted any more, a second one
   * over what came meanwhile. Events that arrive later are new data of somebody who came back.
   */
  private async run(erasure: ClaimedErasure): Promise<void> {
    await this.eraser.erase(erasure);
    if (await this.erasures.hasUncounted(erasure)) return; // claimed again in a minute
    await this.eraser.erase(erasure);
    await this.database.inSystem((sql) => this.erasures.complete(sql, erasure));
    this.logger.log(`erasure ${erasure.id} is completed`);
  }

  private next(): Promise<ClaimedErasure | null> {
    return this.stopping ? Promise.resolve(null) : this.erasures.claim();
  }
}
