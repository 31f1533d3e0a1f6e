import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

export const TENANT_STATUSES = ['active', 'inactive', 'suspended'] as const;
export type TenantStatus = (typeof TENANT_STATUSES)[number];

/** The isolation boundary: nothing of one tenant is visible to another. */
@Entity('tenants')
export class Tenant {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  @Column('text', { default: 'active' })
  status: TenantStatus;

  @Column('jsonb', { default: {} })
  settings: Record<string, unknown>;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
