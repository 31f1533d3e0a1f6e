import {
  Check,
  Column,
  CreateDateColumn,
  Entity,
  Index,
  JoinColumn,
  ManyToOne,
  PrimaryColumn,
  type Relation,
} from 'typeorm';
import { Tenant } from '../../tenants/tenant.entity.js';
import type { JobState } from './jobs.dto.js';
import type { SampleParameters } from './jobs.repository.js';

const KEY = { primaryKeyConstraintName: 'jobs_pkey' };

/** The row is the truth, not the message of a queue. */
@Entity('jobs', {
  comment:
    'Work that an administrator asked for, and how far it is. Inserted by the API, updated by workers. Goes by retention.',
})
@Index('jobs_unfinished_idx', ['createdAt', 'id'], { where: `state in ('waiting', 'active')` })
@Check('jobs_name_check', `name in ('generate-sample-data')`)
@Check('jobs_state_check', `state in ('waiting', 'active', 'completed', 'failed')`)
@Check('jobs_total_check', 'total > 0')
@Check('jobs_done_check', 'done between 0 and total')
@Check('jobs_finished_at_check', `(finished_at is null) = (state in ('waiting', 'active'))`)
export class Job {
  @PrimaryColumn('uuid', { name: 'tenant_id', ...KEY })
  tenantId: string;

  @ManyToOne(() => Tenant)
  @JoinColumn({ name: 'tenant_id', foreignKeyConstraintName: 'jobs_tenant_id_fkey' })
  tenant: Relation<Tenant>;

  @PrimaryColumn('uuid', KEY)
  id: string;

  @Column('text')
  name: 'generate-sample-data';

  @Column('jsonb')
  parameters: SampleParameters;

  @Column('text', { default: 'waiting' })
  state: JobState;

  /** Steps in all. */
  @Column('integer')
  total: number;

  /** Steps that are committed. */
  @Column('integer', { default: 0 })
  done: number;

  @Column('integer', { default: 0 })
  rejected: number;

  /** Failures in a row without progress. */
  @Column('integer', { default: 0 })
  attempts: number;

  @Column('text', { nullable: true })
  error: string | null;

  @Column('text', { name: 'client_id' })
  clientId: string;

  @Column('uuid', { name: 'key_id', nullable: true })
  keyId: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column('timestamptz', { name: 'started_at', nullable: true })
  startedAt: Date | null;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt: Date | null;

  /** Stands for one claim of one worker. */
  @Column('uuid', { name: 'claimed_by', nullable: true })
  claimedBy: string | null;

  /** By the clock of the database. */
  @Column('timestamptz', { name: 'leased_until', nullable: true })
  leasedUntil: Date | null;
}
