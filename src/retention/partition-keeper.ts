import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { HOUR_MS } from '../platform/time/time.js';
import { Repeating } from '../platform/scheduling/repeating.js';

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
    const { rows } = await this.database.system.query<{ created: number }>(
      '/* partitions.ensure */ select ensure_partitions(now(), 3) as created',
    );
    const created = rows[0]?.created ?? 0;
    if (created > 0) this.logger.log(`created ${created} partitions`);
  }
}
