import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn, UpdateDateColumn } from 'typeorm';
import type { Filter } from '../filters/filter.js';

const KEY = { primaryKeyConstraintName: 'saved_segments_pkey' };

@Entity('saved_segments', {
  comment: 'Filters that a tenant keeps under a name, to be named in questions. Written by the API. Goes when deleted.',
})
@Index('saved_segments_name_key', { synchronize: false }) // on lower(name), which a decorator cannot say
@Check('saved_segments_name_check', 'length(name) between 1 and 255')
export class SavedSegmentEntity {
  @PrimaryColumn('uuid', { name: 'tenant_id', ...KEY })
  tenantId: string;

  @PrimaryColumn('uuid', KEY)
  id: string;

  /** Unique within the tenant, in whatever case. */
  @Column('text')
  name: string;

  @Column('jsonb')
  filters: Filter;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt: Date;
}
