import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { firstValueFrom, from, type Observable } from 'rxjs';
import { answerAsOf } from '../database/as-of.js';

/** Answers that a replica has given say until when they count. */
export class AsOfInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    return from(answerAsOf(() => firstValueFrom(next.handle(), { defaultValue: undefined })));
  }
}
