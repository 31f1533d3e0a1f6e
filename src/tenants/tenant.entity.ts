import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

export const TENANT_STATUSES = ['active', 'inactive', 'suspended'] as const;
export type TenantStatus = (typeof TENANT_STATUSES)[number];

/** The isolation boundary: nothing of one tenant is visible to another. */
@Entity('tenants', {
  comment: 'The isolation boundary: nothing of one tenant is visible to another. Written by platform keys. Stays.',
})
@Index('tenants_name_key', { synchronize: false }) // on lower(name), which a decorator cannot say
@Check('tenants_name_check', 'length(name) between 1 and 255')
@Check('tenants_status_check', `status in ('active', 'inactive', 'suspended')`)
export class Tenant {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'tenants_pkey' })
  id: string;

  /** Unique, in whatever case. */
  @Column('text')
  name: string;

  @Column('text', { default: 'active' })
  status: TenantStatus;

  @Column('jsonb', { default: {} })
  settings: Record<string, unknown>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
