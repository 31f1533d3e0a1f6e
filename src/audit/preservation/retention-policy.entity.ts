import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { PolicyKind } from './policies.repository.js';

const KEY = { primaryKeyConstraintName: 'retention_policies_pkey' };

@Entity('retention_policies', {
  comment:
    'Days that a tenant keeps events and audit entries, where they differ from the settings. ' +
    'Written by keys of the scope admin. Goes when deleted.',
})
@Check('retention_policies_kind_check', `kind in ('events', 'audit')`)
@Check('retention_policies_event_type_check', `event_type = '' or kind = 'events'`)
@Check('retention_policies_days_check', 'days between 1 and 36500')
export class RetentionPolicy {
  @PrimaryColumn('uuid', { name: 'tenant_id', ...KEY })
  tenantId: string;

  @PrimaryColumn('text', KEY)
  kind: PolicyKind;

  /** Empty: all types that have no policy of their own. */
  @PrimaryColumn('text', { name: 'event_type', default: '', ...KEY })
  eventType: string;

  @Column('integer')
  days: number;

  @Column('timestamptz', { name: 'updated_at', default: () => 'now()' })
  updatedAt: Date;
}
