import { Module } from '@nestjs/common';
import { Sampler } from './sampler.js';

/** What every question on raw events needs that may take too long. */
@Module({
  providers: [Sampler],
  exports: [Sampler],
})
export class SamplingModule {}
