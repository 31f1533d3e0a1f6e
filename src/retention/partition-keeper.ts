import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { HOUR_MS } from '../platform/time/time.js';
import { Repeating } from '../platform/scheduling/repeating.js';
import { ensurePartitions } from './partitions.repository.js';

/** Makes the partitions of this month and the next two, at start and every hour. */
@Injectable()
export class PartitionKeeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(PartitionKeeper.name);
  private readonly repeating = new Repeating(
    HOUR_MS,
    () => this.ensure(),
    (error) => this.logger.error(`partitions: ${error.message}`),
  );

  constructor(private readonly database: Database) {}

  onApplicationBootstrap(): void {
    this.repeating.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.repeating.stop();
  }

  async ensure(): Promise<void> {
    const created = await ensurePartitions(this.database.system);
    if (created > 0) this.logger.log(`created ${created} partitions`);
  }
}
