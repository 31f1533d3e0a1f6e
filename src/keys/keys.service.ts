import { Inject, Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { recordOf } from '../audit/entries/act.js';
import { CONFIG, type Config } from '../platform/config/config.js';
import { decodeCursor, type Page, toPage } from '../platform/http/cursor.js';
import { allows, type Principal, type Scope } from '../platform/http/principal.js';
import { badRequest, forbidden, notFound } from '../platform/http/problem.js';
import { parseDateTime } from '../platform/time/time.js';
import { isUuid, uuid7 } from '../platform/database/uuid7.js';
import type { ApiKey } from './api-key.entity.js';
import { InstallationSecrets } from './installation-secrets.js';
import { generateKey } from './key-format.js';
import { refuseAboveCeiling, refuseRaise } from './key-limits.js';
import { KeyRecords } from './key-records.js';
import { type CreatedKeyResponse, type CreateKeyDto, KeyResponse, type UpdateKeyDto } from './keys.dto.js';
import { type KeyChange, KeysRepository } from './keys.repository.js';

const BCRYPT_COST = 10;

const API_KEY = { resource: 'api_key' } as const;
const CREATED = { action: 'CREATE', message: 'API key created' } as const;
const CHANGED = { action: 'UPDATE', message: 'API key changed' } as const;
const DELETED = { action: 'DELETE', message: 'API key deleted' } as const;
const ROTATED = { action: 'UPDATE', message: 'API key rotated' } as const;

/** A caller that manages keys: its tenant, the scopes it may grant, and its identity in the audit trail. */
export type KeyAdmin = Pick<Principal, 'tenantId' | 'scopes' | 'clientId' | 'keyId'>;

@Injectable()
export class KeysService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: KeysRepository,
    private readonly secrets: InstallationSecrets,
    private readonly records: KeyRecords,
  ) {}

  /**
   * Creates a key in the caller's tenant.
   * @throws Problem 403 when it would have a scope its creator lacks, 422 when its limit is above its tenant's
   */
  async create(caller: KeyAdmin, dto: CreateKeyDto): Promise<CreatedKeyResponse> {
    requireScopes(caller, dto.scopes);
    const wanted = {
      tenantId: caller.tenantId,
      clientId: dto.client_id,
      name: dto.name,
      scopes: dto.scopes,
      rateLimit: dto.rate_limit ?? null,
      rateWindowSeconds: dto.rate_window_s ?? null,
      eventLimit: dto.event_limit ?? null,
      expiresAt: expiry(dto.expires_at),
    };
    if (setsRate(dto)) refuseAboveCeiling(wanted, this.config);
    const { key, record } = await this.make(wanted);
    const after = this.toResponse(record);
    await this.keys.insert(record, recordOf(caller, { ...API_KEY, ...CREATED, id: record.id, after }));
    return { ...this.toResponse(record), key };
  }

  async list(caller: KeyAdmin, limit: number, cursor?: string): Promise<Page<KeyResponse>> {
    const before = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await this.keys.list(caller.tenantId, limit + 1, before);
    return toPage(
      rows.map((row) => this.toResponse(row)),
      limit,
    );
  }

  /** @throws Problem 404, for other tenants' keys too */
  async get(caller: KeyAdmin, id: string): Promise<KeyResponse> {
    return this.toResponse(await this.getOwn(caller, id));
  }

  /**
   * @throws Problem 403 when the key has, or would get, a scope the caller lacks, or is the caller's own and would get
   *   higher limits; 422 when its limit would be above its tenant's
   */
  async update(caller: KeyAdmin, id: string, dto: UpdateKeyDto): Promise<KeyResponse> {
    const key = await this.getManageable(caller, id);
    requireScopes(caller, dto.scopes ?? []);
    const change = toChange(dto);
    const changed = { ...key, ...change };
    if (key.id === caller.keyId) refuseRaise(key, changed, this.config);
    if (setsRate(dto)) refuseAboveCeiling(changed, this.config);
    const [before, after] = [this.toResponse(key), this.toResponse(changed)];
    if (Object.keys(change).length > 0) {
      const record = recordOf(caller, { ...API_KEY, ...CHANGED, id: key.id, before, after });
      await this.changing(id, () => this.keys.update(caller.tenantId, id, change, record));
    }
    return after;
  }

  async delete(caller: KeyAdmin, id: string): Promise<void> {
    const before = this.toResponse(await this.getManageable(caller, id));
    const record = recordOf(caller, { ...API_KEY, ...DELETED, id: before.id, before });
    await this.changing(id, () => this.keys.delete(caller.tenantId, id, record));
  }

  /** A new key with everything of the old one but its secret; the old one stays valid for `graceSeconds`. */
  async rotate(caller: KeyAdmin, id: string, graceSeconds: number): Promise<CreatedKeyResponse> {
    const old = await this.getManageable(caller, id);
    const { tenantId, clientId, name, scopes, rateLimit, rateWindowSeconds, eventLimit, expiresAt } = old;
    const { key, record } = await this.make({
      tenantId,
      clientId,
      name,
      scopes,
      rateLimit,
      rateWindowSeconds,
      eventLimit,
      expiresAt,
    });
    const graceEnd = new Date(Date.now() + graceSeconds * 1_000);
    const oldEnd = expiresAt !== null && expiresAt < graceEnd ? expiresAt : graceEnd;
    const rotation = {
      ...API_KEY,
      ...ROTATED,
      id: old.id,
      before: this.toResponse(old),
      after: this.toResponse(record),
    };
    await this.changing(id, () => this.keys.replace(old, oldEnd, record, recordOf(caller, rotation)));
    return { ...this.toResponse(record), key };
  }

  /** Also when the change failed: without an answer from the database it may have been committed. */
  private async changing(id: string, change: () => Promise<void>): Promise<void> {
    try {
      await change();
    } finally {
      this.records.forget(id);
    }
  }

  private async make(
    of: Pick<
      ApiKey,
      'tenantId' | 'clientId' | 'name' | 'scopes' | 'rateLimit' | 'rateWindowSeconds' | 'eventLimit' | 'expiresAt'
    >,
  ): Promise<{ key: string; record: Omit<ApiKey, 'tenant'> }> {
    const { key, prefix } = generateKey(await this.secrets.get('key_pepper'));
    const secretHash = await bcrypt.hash(key, BCRYPT_COST);
    const record = { id: uuid7(), prefix, secretHash, isActive: true, lastUsedAt: null, createdAt: new Date(), ...of };
    return { key, record };
  }

  private async getOwn(caller: KeyAdmin, id: string): Promise<ApiKey> {
    const key = isUuid(id) ? await this.keys.find(caller.tenantId, id) : null;
    if (key === null) throw notFound('There is no key with this id.');
    return key;
  }

  /** Managing a key with wider scopes than one's own would be a way to obtain these scopes. */
  private async getManageable(caller: KeyAdmin, id: string): Promise<ApiKey> {
    const key = await this.getOwn(caller, id);
    requireScopes(caller, key.scopes);
    return key;
  }

  private toResponse(key: Omit<ApiKey, 'tenant'>): KeyResponse {
    return KeyResponse.of(key, {
      limit: this.config.RATE_LIMIT_REQUESTS,
      windowSeconds: this.config.RATE_LIMIT_WINDOW_SECONDS,
    });
  }
}

function requireScopes(caller: KeyAdmin, scopes: readonly Scope[]): void {
  const above = scopes.filter((scope) => !allows(caller.scopes, scope));
  if (above.length > 0)
    throw forbidden(`Your key lacks the scope ${above.join(', ')}, so it cannot give or manage it.`);
}

/**
 * Whether the change sets the rate. A rate that a key has already stays, also when the ceiling of its tenant was
 * lowered.
 */
const setsRate = (dto: Pick<UpdateKeyDto, 'rate_limit' | 'rate_window_s'>) =>
  (dto.rate_limit ?? dto.rate_window_s ?? null) !== null;

/** Absent keeps, null clears. */
function toChange(dto: UpdateKeyDto): KeyChange {
  return {
    ...(dto.is_active === undefined ? {} : { isActive: dto.is_active }),
    ...(dto.name === undefined ? {} : { name: dto.name }),
    ...(dto.scopes === undefined ? {} : { scopes: dto.scopes }),
    ...(dto.rate_limit === undefined ? {} : { rateLimit: dto.rate_limit }),
    ...(dto.rate_window_s === undefined ? {} : { rateWindowSeconds: dto.rate_window_s }),
    ...(dto.event_limit === undefined ? {} : { eventLimit: dto.event_limit }),
    ...(dto.expires_at === undefined ? {} : { expiresAt: dto.expires_at === null ? null : expiry(dto.expires_at) }),
  };
}

function expiry(text: string | null | undefined): Date | null {
  if (text === undefined || text === null) return null;
  const ms = parseDateTime(text);
  if (ms === null || ms <= Date.now()) {
    throw badRequest('expires_at must be in the future.', [{ path: 'expires_at', message: 'must be in the future' }]);
  }
  return new Date(ms);
}
