import { Check, Column, CreateDateColumn, Entity, Index, PrimaryColumn, Unique } from 'typeorm';

/** `subject` is the id of a key as access tokens name it; what it is, is looked up again with each request. */
@Entity('sessions', {
  comment:
    'Sign-ins of people at the dashboard, with a hash of the token. Written by the API. ' +
    'Goes at sign-out, or at a later sign-in once it has ended.',
})
@Unique('sessions_token_hash_key', ['tokenHash'])
@Index('sessions_subject_idx', ['subjectKind', 'subject', 'createdAt'])
@Index('sessions_expires_idx', ['expiresAt'])
@Check('sessions_token_hash_check', 'octet_length(token_hash) = 32')
@Check('sessions_subject_kind_check', `subject_kind in ('api_key')`)
export class SessionEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'sessions_pkey' })
  id: string;

  @Column('bytea', { name: 'token_hash' })
  tokenHash: Buffer;

  @Column('text', { name: 'subject_kind' })
  subjectKind: 'api_key';

  @Column('text')
  subject: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;

  @Column('timestamptz', { name: 'last_used_at', default: () => 'now()' })
  lastUsedAt: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt: Date;
}
