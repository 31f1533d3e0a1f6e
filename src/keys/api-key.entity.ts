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
  Unique,
} from 'typeorm';
import type { Scope } from '../platform/http/principal.js';
import { Tenant } from '../tenants/tenant.entity.js';

/** The secret itself is nowhere: it is shown when the key is made. */
@Entity('api_keys', {
  comment:
    'API keys: a prefix to find them by and a bcrypt hash, never the key. ' +
    'Written by keys of the scope admin. Goes when deleted.',
})
@Unique('api_keys_prefix_key', ['prefix'])
@Index('api_keys_tenant_idx', ['tenantId', 'id'])
@Check(
  'api_keys_scopes_check',
  `scopes <@ array['track', 'read', 'write', 'admin', 'platform'] and cardinality(scopes) > 0`,
)
@Check('api_keys_rate_limit_check', 'rate_limit > 0')
@Check('api_keys_rate_window_s_check', 'rate_window_s > 0')
@Check('api_keys_event_limit_check', 'event_limit > 0')
export class ApiKey {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'api_keys_pkey' })
  id: string;

  @Column('uuid', { name: 'tenant_id' })
  tenantId: string;

  @ManyToOne(() => Tenant)
  @JoinColumn({ name: 'tenant_id', foreignKeyConstraintName: 'api_keys_tenant_id_fkey' })
  tenant: Relation<Tenant>;

  /** The 16 characters by which the key is found. */
  @Column('text')
  prefix: string;

  /** bcrypt of the whole key. */
  @Column('text', { name: 'secret_hash' })
  secretHash: string;

  @Column('text', { name: 'client_id' })
  clientId: string;

  @Column('text')
  name: string;

  @Column('text', { array: true })
  scopes: Scope[];

  /** Requests per window; null takes the configured default. */
  @Column('integer', { name: 'rate_limit', nullable: true })
  rateLimit: number | null;

  @Column('integer', { name: 'rate_window_s', nullable: true })
  rateWindowSeconds: number | null;

  /** Events per window; null means no limit of its own. */
  @Column('integer', { name: 'event_limit', nullable: true })
  eventLimit: number | null;

  @Column('boolean', { name: 'is_active', default: true })
  isActive: boolean;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  @Column('timestamptz', { name: 'last_used_at', nullable: true })
  lastUsedAt: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt: Date;
}
