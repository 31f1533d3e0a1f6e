import { Module } from '@nestjs/common';
import { AuditEntryWriter } from './entry-writer.js';

/** What records its own acts needs this and nothing else of the trail. */
@Module({ providers: [AuditEntryWriter], exports: [AuditEntryWriter] })
export class AuditWritingModule {}
