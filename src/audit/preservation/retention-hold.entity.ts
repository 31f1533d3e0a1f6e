import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn } from 'typeorm';

const KEY = { primaryKeyConstraintName: 'retention_holds_pkey' };

@Entity('retention_holds', {
  comment: 'Legal holds, released ones too: what had to be kept, and why. Written by keys of the scope admin. Stays.',
})
@Index('retention_holds_standing_idx', ['tenantId'], { where: 'released_at is null' })
@Check('retention_holds_to_time_check', 'from_time < to_time')
export class RetentionHold {
  @PrimaryColumn('uuid', { name: 'tenant_id', ...KEY })
  tenantId: string;

  @PrimaryColumn('uuid', KEY)
  id: string;

  @Column('text')
  reason: string;

  /** Null: of everybody. */
  @Column('text', { name: 'user_id', nullable: true })
  userId: string | null;

  @Column('timestamptz', { name: 'from_time', nullable: true })
  fromTime: Date | null;

  @Column('timestamptz', { name: 'to_time', nullable: true })
  toTime: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column('text', { name: 'created_by' })
  createdBy: string;

  @Column('timestamptz', { name: 'released_at', nullable: true })
  releasedAt: Date | null;
}
