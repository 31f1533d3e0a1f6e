import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { HOUR_MS } from '../platform/time/time.js';
import { PeriodicTasks } from '../platform/scheduling/periodic-tasks.js';
import { ensurePartitions } from './partitions.repository.js';

/** Makes the partitions of this month and the next two, at start and every hour. */
@Injectable()
export class PartitionKeeper {
  private readonly logger = new Logger(PartitionKeeper.name);

  constructor(
    private readonly database: Database,
    tasks: PeriodicTasks,
  ) {
    tasks.add({
      name: 'partitions',
      schedule: { pauseMs: HOUR_MS },
      run: () => this.ensure(),
      onError: (error) => this.logger.error(`partitions: ${error.message}`),
    });
  }

  async ensure(): Promise<void> {
    const created = await ensurePartitions(this.database.system);
    if (created > 0) this.logger.log(`created ${created} partitions`);
  }
}
