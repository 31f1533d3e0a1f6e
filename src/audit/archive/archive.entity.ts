import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

const KEY = { primaryKeyConstraintName: 'audit_archives_pkey' };

export type ArchiveState = 'writing' | 'stored' | 'obsolete';

/** A file of audit entries that were removed, or are about to be. */
@Entity('audit_archives', {
  comment:
    'The files that audit entries were archived to before they were removed. ' +
    'Written by clean-ups and retention, and by an erasure that rewrites one. Stays.',
})
@Unique('audit_archives_file_key', ['file'])
@Index('audit_archives_writing_key', ['tenantId'], { unique: true, where: `state = 'writing'` })
@Index('audit_archives_ids_idx', ['tenantId', 'firstId'])
@Check('audit_archives_state_check', `state in ('writing', 'stored', 'obsolete')`)
@Check('audit_archives_entries_check', 'entries > 0')
@Check(
  'audit_archives_stored_check',
  `state = 'writing' or num_nulls(occurred_from, occurred_to, tree_size, root_hash, sha256, bytes) = 0`,
)
export class AuditArchive {
  @PrimaryColumn('uuid', { name: 'tenant_id', ...KEY })
  tenantId: string;

  @PrimaryColumn('uuid', KEY)
  id: string;

  /** The first day of the month in which its entries were recorded, in UTC. */
  @Column('date')
  month: string;

  @Column('text', { default: 'writing' })
  state: ArchiveState;

  /** Its name in the store. */
  @Column('text')
  file: string;

  @Column('uuid', { name: 'first_id' })
  firstId: string;

  @Column('uuid', { name: 'last_id' })
  lastId: string;

  @Column('int8multirange')
  leaves: string;

  @Column('integer')
  entries: number;

  @Column('timestamptz', { name: 'occurred_from', nullable: true })
  occurredFrom: Date | null;

  @Column('timestamptz', { name: 'occurred_to', nullable: true })
  occurredTo: Date | null;

  @Column('bigint', { name: 'tree_size', nullable: true })
  treeSize: string | null;

  @Column('bytea', { name: 'root_hash', nullable: true })
  rootHash: Buffer | null;

  @Column('bytea', { nullable: true })
  sha256: Buffer | null;

  @Column('bigint', { nullable: true })
  bytes: string | null;

  /** Of whoever writes it. */
  @Column('timestamptz', { name: 'leased_until', nullable: true })
  leasedUntil: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
