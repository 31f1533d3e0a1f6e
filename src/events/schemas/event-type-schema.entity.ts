import { Check, Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import type { SchemaMode } from './schemas.repository.js';

const KEY = { primaryKeyConstraintName: 'event_type_schemas_pkey' };

@Entity('event_type_schemas', {
  comment: 'The JSON Schema of an event type. Written by keys of the scope admin. Goes when deleted.',
})
@Check('event_type_schemas_mode_check', `mode in ('reject', 'quarantine')`)
export class EventTypeSchema {
  @PrimaryColumn('uuid', { name: 'tenant_id', ...KEY })
  tenantId: string;

  @PrimaryColumn('text', { name: 'event_type', ...KEY })
  eventType: string;

  /** That of the registry when the schema was last changed. */
  @Column('bigint')
  version: string;

  @Column('text')
  mode: SchemaMode;

  /** Not jsonb: it keeps the order in which people wrote it. */
  @Column('json')
  schema: unknown;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt: Date;
}
