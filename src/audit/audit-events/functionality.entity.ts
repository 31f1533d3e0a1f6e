import { Check, Column, CreateDateColumn, Entity, Generated, PrimaryColumn } from 'typeorm';

const KEY = { primaryKeyConstraintName: 'functionalities_pkey' };
const EVENT_TYPE_KEY = { primaryKeyConstraintName: 'functionality_event_types_pkey' };

/** Rows of the nil tenant are the common catalogue, which every tenant sees and none can change. */
@Entity('functionalities', {
  comment:
    'What audit events are about: the common catalogue, and what a tenant added. ' +
    'Inserted by the migrations and the API. Stays.',
})
@Check('functionalities_name_check', 'length(name) between 1 and 255')
export class Functionality {
  @PrimaryColumn('uuid', { name: 'tenant_id', ...KEY })
  tenantId: string;

  @PrimaryColumn('text', KEY)
  name: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}

@Entity('functionality_event_types', {
  comment:
    'The types of audit events that a functionality has, in their order. Inserted by the migrations and the API. Stays.',
})
@Check('functionality_event_types_name_check', 'length(name) between 1 and 255')
export class FunctionalityEventType {
  @PrimaryColumn('uuid', { name: 'tenant_id', ...EVENT_TYPE_KEY })
  tenantId: string;

  @PrimaryColumn('text', EVENT_TYPE_KEY)
  functionality: string;

  @PrimaryColumn('text', EVENT_TYPE_KEY)
  name: string;

  @Generated('increment')
  @Column({ type: 'integer', generatedIdentity: 'ALWAYS' })
  position: number;
}
