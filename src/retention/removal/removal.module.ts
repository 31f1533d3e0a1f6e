import { Module } from '@nestjs/common';
import { EntryCleanupModule } from '../../audit/api/entry-cleanup.module.js';
import { PreservationModule } from '../../audit/preservation/preservation.module.js';
import { TaskRunsModule } from '../schedule/task-runs.module.js';
import { AuditRetention } from './audit-retention.js';
import { EntryCountRepository } from './entry-count.repository.js';
import { EventRemovalRepository } from './event-removal.repository.js';
import { EventRetention } from './event-retention.js';
import { Housekeeping } from './housekeeping.js';
import { PartitionsRepository } from './partitions.repository.js';
import { RowRemovalRepository } from './row-removal.repository.js';

/** The tasks that remove what is past its time. */
@Module({
  imports: [EntryCleanupModule, PreservationModule, TaskRunsModule],
  providers: [
    AuditRetention,
    EntryCountRepository,
    EventRemovalRepository,
    EventRetention,
    Housekeeping,
    PartitionsRepository,
    RowRemovalRepository,
  ],
  exports: [AuditRetention, EventRetention, Housekeeping, PartitionsRepository],
})
export class RemovalModule {}
