import { Inject, Injectable } from '@nestjs/common';
import bcrypt from 'bcrypt';
import { CONFIG, type Config } from '../platform/config.js';
import { allows, type Principal } from '../platform/principal.js';
import { badRequest, forbidden } from '../platform/problem.js';
import { parseDateTime } from '../platform/time.js';
import { uuid7 } from '../platform/uuid7.js';
import type { ApiKey } from './api-key.entity.js';
import { generateKey } from './key-format.js';
import { KeyVerifier } from './key-verifier.js';
import { type CreatedKeyResponse, type CreateKeyDto, KeyResponse } from './keys.dto.js';
import { KeysRepository } from './keys.repository.js';

const BCRYPT_COST = 10;

@Injectable()
export class KeysService {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: KeysRepository,
    private readonly verifier: KeyVerifier,
  ) {}

  /**
   * Creates a key in the caller's tenant.
   * @throws Problem 403 when it would have a scope its creator lacks
   */
  async create(caller: Pick<Principal, 'tenantId' | 'scopes'>, dto: CreateKeyDto): Promise<CreatedKeyResponse> {
    const above = dto.scopes.filter((scope) => !allows(caller.scopes, scope));
    if (above.length > 0) throw forbidden(`Your key lacks the scope ${above.join(', ')}, so it cannot hand it out.`);
    const { key, prefix } = generateKey(await this.verifier.getPepper());
    const record: Omit<ApiKey, 'tenant'> = {
      id: uuid7(),
      tenantId: caller.tenantId,
      prefix,
      secretHash: await bcrypt.hash(key, BCRYPT_COST),
      clientId: dto.client_id,
      name: dto.name,
      scopes: dto.scopes,
      rateLimit: dto.rate_limit ?? null,
      rateWindowSeconds: dto.rate_window_s ?? null,
      eventLimit: dto.event_limit ?? null,
      isActive: true,
      expiresAt: expiry(dto.expires_at),
      lastUsedAt: null,
      createdAt: new Date(),
    };
    await this.keys.insert(record);
    return { ...KeyResponse.of(record as ApiKey, this.defaults()), key };
  }

  private defaults(): { limit: number; windowSeconds: number } {
    return { limit: this.config.RATE_LIMIT_REQUESTS, windowSeconds: this.config.RATE_LIMIT_WINDOW_SECONDS };
  }
}

function expiry(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const ms = parseDateTime(text);
  if (ms === null || ms <= Date.now()) {
    throw badRequest('expires_at must lie in the future.', [{ path: 'expires_at', message: 'must lie in the future' }]);
  }
  return new Date(ms);
}
