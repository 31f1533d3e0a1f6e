import { Injectable, Logger } from '@nestjs/common';
import { PeriodicTasks } from '../platform/scheduling/periodic-tasks.js';
import { HOUR_MS } from '../platform/time/time.js';
import { PartitionsRepository } from './removal/partitions.repository.js';

/**
 * Makes the partitions of this month and the next two, at start and every hour. Without them ingest stops, so each
 * worker does it by its own clock, needing no queue, lease or run; what is there already is not made again.
 */
@Injectable()
export class PartitionKeeper {
  private readonly logger = new Logger(PartitionKeeper.name);

  constructor(
    private readonly partitions: PartitionsRepository,
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
    const created = await this.partitions.ensure();
    if (created > 0) this.logger.log(`created ${created} partitions`);
  }
}
