import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';
import type { SavedFunnelDefinition } from './saved-funnels.repository.js';

const KEY = { primaryKeyConstraintName: 'saved_funnels_pkey' };

@Entity('saved_funnels', {
  comment:
    'Funnels that a tenant keeps under a name; the newest is shown on its dashboard. ' +
    'Written by the API. Goes when deleted.',
})
@Index('saved_funnels_name_key', { synchronize: false }) // on lower(name), which a decorator cannot say
@Check('saved_funnels_name_check', 'length(name) between 1 and 255')
export class SavedFunnelEntity {
  @PrimaryColumn('uuid', { name: 'tenant_id', ...KEY })
  tenantId: string;

  @PrimaryColumn('uuid', KEY)
  id: string;

  /** Unique within the tenant, in whatever case. */
  @Column('text')
  name: string;

  @Column('jsonb')
  definition: SavedFunnelDefinition;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
