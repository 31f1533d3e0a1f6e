import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Its lock orders the changes of a tenant's schemas. */
@Entity('event_type_registries', {
  comment:
    'A version per tenant that goes up with each change of its schemas, so that one short row tells a process whether ' +
    'what it knows is still right. Written with the schemas. Stays.',
})
export class EventTypeRegistry {
  @PrimaryColumn('uuid', { name: 'tenant_id', primaryKeyConstraintName: 'event_type_registries_pkey' })
  tenantId: string;

  @Column('bigint', { default: 0 })
  version: string;
}
