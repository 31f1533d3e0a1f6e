import { Module } from '@nestjs/common';
import { CountsModule } from '../../analytics/counts/counts.module.js';
import { AuditWritingModule } from '../../audit/entries/audit-writing.module.js';
import { CompiledSchemas } from './compiled-schemas.js';
import { EventTypesService } from './event-types.service.js';
import { SchemaGate } from './schema-gate.js';
import { SchemaRegistry } from './schema-registry.js';
import { SchemasRepository } from './schemas.repository.js';

/** The event types of tenants, and what events are checked against. */
@Module({
  imports: [AuditWritingModule, CountsModule],
  providers: [CompiledSchemas, EventTypesService, SchemaGate, SchemaRegistry, SchemasRepository],
  exports: [CompiledSchemas, EventTypesService, SchemaGate, SchemasRepository],
})
export class SchemasModule {}
