import { Inject, Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ApiKey } from '../keys/api-key.entity.js';
import { KeyVerifier } from '../keys/key-verifier.js';
import type { Access } from '../platform/access.js';
import { CONFIG, type Config } from '../platform/config.js';
import { allows, DEFAULT_TENANT_ID, type Principal } from '../platform/principal.js';
import { badRequest, forbidden, notFound, unauthorized } from '../platform/problem.js';
import { isUuid } from '../platform/uuid7.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { type CredentialSources, readCredential } from './credentials.js';

/** Turns a request into the principal it acts for. */
@Injectable()
export class AuthService {
  private readonly sources: CredentialSources;
  private readonly configuredKey: Buffer | undefined;
  private readonly configuredPrincipal: Principal;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: KeyVerifier,
    private readonly tenants: TenantsService,
  ) {
    this.sources = {
      headers: config.API_KEY_HEADERS.map((name) => name.toLowerCase()),
      queryParameter: config.NODE_ENV !== 'production',
    };
    this.configuredKey = config.PLATFORM_API_KEY === undefined ? undefined : Buffer.from(config.PLATFORM_API_KEY);
    this.configuredPrincipal = {
      tenantId: DEFAULT_TENANT_ID,
      clientId: 'platform',
      keyId: null,
      keyName: 'PLATFORM_API_KEY',
      scopes: ['read', 'write', 'admin', 'platform'],
      rateLimit: config.RATE_LIMIT_REQUESTS,
      rateWindowSeconds: config.RATE_LIMIT_WINDOW_SECONDS,
    };
  }

  /**
   * @throws Problem 401 without a valid credential, 403 when the key or its tenant is not active or lacks the scope
   */
  async authenticate(request: IncomingMessage, needed: Exclude<Access, 'public'>): Promise<Principal> {
    const principal = await this.actFor(await this.identify(request), request);
    if (needed !== 'any' && !allows(principal.scopes, needed)) {
      throw forbidden(`This needs a key with the scope ${needed}; yours has ${principal.scopes.join(', ')}.`);
    }
    return principal;
  }

  private async identify(request: IncomingMessage): Promise<Principal> {
    const credential = readCredential(request, this.sources);
    if (credential === null) {
      if (this.config.SKIP_AUTH) return this.configuredPrincipal;
      throw unauthorized('API Key is missing');
    }
    if (this.isConfiguredKey(credential)) return this.configuredPrincipal;
    const key = await this.keys.verify(credential);
    if (key === null) throw unauthorized('Invalid API Key');
    return this.toPrincipal(key);
  }

  private isConfiguredKey(credential: string): boolean {
    const given = Buffer.from(credential);
    return this.configuredKey?.length === given.length && timingSafeEqual(this.configuredKey, given);
  }

  private toPrincipal(key: ApiKey): Principal {
    if (key.expiresAt !== null && key.expiresAt.getTime() <= Date.now()) {
      throw unauthorized(`Invalid API Key: it expired at ${key.expiresAt.toISOString()}`);
    }
    if (!key.isActive) throw forbidden('This API key is disabled. Ask an administrator of your tenant to enable it.');
    if (key.tenant.status !== 'active') throw forbidden(`The tenant of this API key is ${key.tenant.status}.`);
    return {
      tenantId: key.tenantId,
      clientId: key.clientId,
      keyId: key.id,
      keyName: key.name,
      scopes: key.scopes,
      rateLimit: key.rateLimit ?? this.config.RATE_LIMIT_REQUESTS,
      rateWindowSeconds: key.rateWindowSeconds ?? this.config.RATE_LIMIT_WINDOW_SECONDS,
    };
  }

  /** Lets a platform key act for the tenant in `X-Tenant-Id`. */
  private async actFor(principal: Principal, request: IncomingMessage): Promise<Principal> {
    const tenantId = request.headers['x-tenant-id'];
    if (tenantId === undefined || tenantId === principal.tenantId) return principal;
    if (!allows(principal.scopes, 'platform')) throw forbidden('Only platform keys may send X-Tenant-Id.');
    if (typeof tenantId !== 'string' || !isUuid(tenantId)) throw badRequest('X-Tenant-Id must be the id of a tenant.');
    const tenant = await this.tenants.find(tenantId);
    if (tenant === null) throw notFound(`There is no tenant ${tenantId}.`);
    if (tenant.status !== 'active') throw forbidden(`The tenant ${tenantId} is ${tenant.status}.`);
    return { ...principal, tenantId: tenant.id };
  }
}
