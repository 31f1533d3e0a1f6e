import { Module } from '@nestjs/common';
import { LiveCountsRepository } from './live-counts.repository.js';
import { RecountService } from './recount.service.js';
import { RollupsRepository } from './rollups.repository.js';

/** The counts themselves, and their comparison with the events. */
@Module({
  providers: [LiveCountsRepository, RecountService, RollupsRepository],
  exports: [LiveCountsRepository, RecountService, RollupsRepository],
})
export class RollupsModule {}
