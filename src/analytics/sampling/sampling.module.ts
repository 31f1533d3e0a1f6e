import { Module } from '@nestjs/common';
import { EventVolumeRepository } from './event-volume.repository.js';
import { Sampler } from './sampler.js';

/** What every question on raw events needs that may take too long. */
@Module({
  providers: [EventVolumeRepository, Sampler],
  exports: [Sampler],
})
export class SamplingModule {}
