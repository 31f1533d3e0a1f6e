import { Module } from '@nestjs/common';
import { AnswerCache } from './answer-cache.js';

/** One cache for all answers that may be some seconds old. */
@Module({
  providers: [AnswerCache],
  exports: [AnswerCache],
})
export class AnswerCacheModule {}
