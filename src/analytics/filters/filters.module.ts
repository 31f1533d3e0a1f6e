import { Module } from '@nestjs/common';
import { UnseenPropertiesRepository } from './unseen-properties.repository.js';

/** What every question with a filter needs. */
@Module({
  providers: [UnseenPropertiesRepository],
  exports: [UnseenPropertiesRepository],
})
export class FiltersModule {}
