import { Module } from '@nestjs/common';
import { AuthModule } from '../../auth/auth.module.js';
import { EnrichmentModule } from '../enrichment/enrichment.module.js';
import { ProcessingModule } from '../processing/processing.module.js';
import { SchemasModule } from '../schemas/schemas.module.js';
import { EventsService } from './events.service.js';
import { IngestWriter } from './ingest-writer.js';
import { IngestRepository } from './ingest.repository.js';

/** The group commit, by way of which the worker writes sample data too. */
@Module({
  imports: [EnrichmentModule, ProcessingModule],
  providers: [IngestRepository, IngestWriter],
  exports: [IngestWriter],
})
export class IngestWritingModule {}

/** Taking events in: what the API needs. */
@Module({
  imports: [AuthModule, IngestWritingModule, SchemasModule],
  providers: [EventsService],
  exports: [EventsService],
})
export class IngestModule {}
