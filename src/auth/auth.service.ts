import { Inject, Injectable } from '@nestjs/common';
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ApiKey } from '../keys/api-key.entity.js';
import { type Freshness, KeyRecords } from '../keys/key-records.js';
import { KeyVerifier } from '../keys/key-verifier.js';
import type { Access } from '../platform/http/access.js';
import { clientAddress, trustedProxies } from '../platform/http/client-address.js';
import { CONFIG, type Config } from '../platform/config/config.js';
import { noteTenant } from '../platform/http/request-context.js';
import { allows, commonScopes, DEFAULT_TENANT_ID, type Principal, SCOPES } from '../platform/http/principal.js';
import { badRequest, forbidden, notFound, Problem, unauthorized } from '../platform/http/problem.js';
import { isUuid } from '../platform/database/uuid7.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { AccessTokens } from './access-tokens.js';
import { type CredentialSources, readCredential } from './credentials.js';
import { FailedAttempts } from './limits/failed-attempts.js';
import { isSameOrigin, readSessionCookie, requireCsrfToken } from './sessions/session-cookie.js';
import { SessionsService } from './sessions/sessions.service.js';

/** Finds the principal that a request acts for. */
@Injectable()
export class AuthService {
  private readonly sources: CredentialSources;
  private readonly trust: ReturnType<typeof trustedProxies>;
  private readonly configuredKey: Buffer | undefined;
  private readonly configuredPrincipal: Principal;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly keys: KeyVerifier,
    private readonly records: KeyRecords,
    private readonly tokens: AccessTokens,
    private readonly tenants: TenantsService,
    private readonly failures: FailedAttempts,
    private readonly sessions: SessionsService,
  ) {
    this.sources = {
      headers: config.API_KEY_HEADERS.map((name) => name.toLowerCase()),
      queryParameter: config.NODE_ENV !== 'production',
    };
    this.trust = trustedProxies(config.TRUST_PROXY);
    this.configuredKey = config.PLATFORM_API_KEY === undefined ? undefined : Buffer.from(config.PLATFORM_API_KEY);
    this.configuredPrincipal = {
      tenantId: DEFAULT_TENANT_ID,
      clientId: 'platform',
      keyId: null,
      keyName: 'PLATFORM_API_KEY',
      scopes: SCOPES,
      rateLimit: config.RATE_LIMIT_REQUESTS,
      rateWindowSeconds: config.RATE_LIMIT_WINDOW_SECONDS,
      eventLimit: null,
    };
  }

  /**
   * @throws Problem 401 without a valid credential, 403 when the key or its tenant is not active or lacks the scope,
   *   429 after too many failures from one address
   */
  async authenticate(
    request: IncomingMessage,
    needed: Exclude<Access, 'public'>,
    freshness: Freshness = 'cached',
  ): Promise<Principal> {
    return this.authenticateBy(this.credentialOf, request, needed, freshness);
  }

  /** The same for a credential that is not in the headers of `request`: in a body, or in the handshake of a socket. */
  async authenticateWith(
    credential: string,
    request: IncomingMessage,
    needed: Exclude<Access, 'public'>,
    freshness: Freshness = 'cached',
  ): Promise<Principal> {
    return this.authenticateBy(() => credential, request, needed, freshness);
  }

  /**
   * What a principal may do now, for connections that outlive a request: what its key allows now, and nothing that the
   * principal was not allowed before.
   * @throws Problem 401 when the credential is void, 403 when the key or its tenant is not active any more
   */
  async renew(held: Principal): Promise<Principal> {
    if (held.tokenExpiresAt !== undefined && held.tokenExpiresAt <= Date.now() / 1_000) {
      throw unauthorized('The access token expired. Get a new one from POST /api/v1/auth/token.');
    }
    if (held.sessionId !== undefined && !(await this.sessions.isOpen(held.sessionId))) throw sessionEnded();
    const current = await this.findTokenPrincipal(this.subjectOf(held));
    if (current === null) throw unauthorized('Invalid API Key');
    if (held.tenantId !== current.tenantId) await this.requireActive(held.tenantId);
    return { ...held, scopes: held.scopes.filter((scope) => allows(current.scopes, scope)) };
  }

  /** Whether the headers of `request` hold something meant as a credential. */
  hasCredential(request: IncomingMessage): boolean {
    return request.headers.authorization !== undefined || this.credentialOf(request) !== null;
  }

  /**
   * Counts a request without a valid credential as a failed attempt. @throws Problem 429 when its address has had too
   * many
   */
  noteFailure(request: IncomingMessage): void {
    this.failures.note(clientAddress(request, this.trust));
  }

  /** Protocol and host the client used, as far as the proxies in front are trusted; null without a usable Host. */
  originOf(request: IncomingMessage): { protocol: 'http' | 'https'; host: string } | null {
    const { headers, socket } = request;
    const isProxied = this.trust(socket.remoteAddress ?? '', 0);
    const first = (name: string) =>
      isProxied
        ? String(headers[name] ?? '')
            .split(',')[0]
            ?.trim()
        : undefined;
    const host = first('x-forwarded-host') || headers.host || '';
    const protocol = first('x-forwarded-proto') || ('encrypted' in socket ? 'https' : 'http');
    if (!/^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9a-f:]+\](:\d{1,5})?$/i.test(host)) return null;
    return { protocol: protocol === 'https' ? 'https' : 'http', host };
  }

  private async authenticateBy(
    credentialOf: (request: IncomingMessage) => string | null,
    request: IncomingMessage,
    needed: Exclude<Access, 'public'>,
    freshness: Freshness,
  ): Promise<Principal> {
    const principal = await this.actFor(await this.identifyOrNote(credentialOf, request, freshness), request);
    noteTenant(request, principal.tenantId);
    return this.requireAccess(principal, needed);
  }

  /** @throws Problem 401 without a principal, 403 when it lacks what is needed */
  requireAccess(principal: Principal | undefined, needed: Exclude<Access, 'public'>): Principal {
    if (principal === undefined) throw unauthorized('API Key is missing');
    if (needed === 'any') return principal;
    if (needed === 'key') return refuseToken(principal);
    if (!allows(principal.scopes, needed)) {
      throw forbidden(`This needs a key with the scope ${needed}; yours has ${principal.scopes.join(', ')}.`);
    }
    return principal;
  }

  /** A JWT for the caller's key, with the caller's scopes, and its life in seconds. */
  async issueToken(caller: Principal): Promise<{ token: string; expiresIn: number }> {
    const { tenantId, scopes, clientId } = caller;
    return this.tokens.issue({ keyId: this.subjectOf(caller), tenantId, scopes }, clientId);
  }

  /** What sessions and tokens call the key of a principal. */
  subjectOf({ keyId }: Principal): string {
    return keyId ?? this.configuredKeyId();
  }

  private readonly credentialOf = (request: IncomingMessage) => readCredential(request, this.sources);

  private async identifyOrNote(
    credentialOf: (request: IncomingMessage) => string | null,
    request: IncomingMessage,
    freshness: Freshness,
  ): Promise<Principal> {
    try {
      const credential = credentialOf(request);
      const byCookie = credential === null ? await this.identifySession(request, freshness) : null;
      return byCookie ?? (await this.identify(credential, freshness));
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.noteFailure(request);
      throw error;
    }
  }

  /** Chosen by its form only: a text that looks like one kind of credential is never tried as another. */
  private async identify(credential: string | null, freshness: Freshness): Promise<Principal> {
    if (credential === null) {
      if (this.config.SKIP_AUTH) return this.configuredPrincipal;
      throw unauthorized('API Key is missing');
    }
    if (this.isConfiguredKey(credential)) return this.configuredPrincipal;
    if (credential.startsWith('eyJ')) return this.identifyToken(credential, freshness);
    const key = await this.keys.verify(credential, freshness);
    if (key === null) throw unauthorized('Invalid API Key');
    return this.toPrincipal(key);
  }

  /** The principal of a person who signed in at the dashboard, by what their key allows now; null without a cookie. */
  private async identifySession(request: IncomingMessage, freshness: Freshness): Promise<Principal | null> {
    const token = readSessionCookie(request);
    if (token === null || !isSameOrigin(request, this.originOf(request)?.host)) return null;
    const session = await this.sessions.find(token);
    const principal = session === null ? null : await this.findTokenPrincipal(session.subject, freshness);
    if (session === null || principal === null) throw sessionEnded();
    requireCsrfToken(request, token);
    return { ...principal, sessionId: session.id };
  }

  /** A token may do what its key may still do: it ends with the key and is narrowed with it. */
  private async identifyToken(token: string, freshness: Freshness): Promise<Principal> {
    const claims = await this.tokens.verify(token);
    const principal = await this.findTokenPrincipal(claims.keyId, freshness);
    if (principal === null) throw unauthorized('Invalid access token: its key no longer exists.');
    const scopes = commonScopes(claims.scopes, principal.scopes);
    const tokenExpiresAt = claims.expiresAt;
    if (claims.tenantId === principal.tenantId) return { ...principal, scopes, tokenExpiresAt };
    if (!allows(principal.scopes, 'platform')) throw unauthorized('Invalid access token: its key left the tenant.');
    await this.requireActive(claims.tenantId);
    return { ...principal, scopes, tokenExpiresAt, tenantId: claims.tenantId };
  }

  private async findTokenPrincipal(keyId: string, freshness: Freshness = 'cached'): Promise<Principal | null> {
    if (keyId.startsWith('configured:')) return keyId === this.configuredKeyId() ? this.configuredPrincipal : null;
    const key = isUuid(keyId) ? await this.records.find(keyId, freshness) : null;
    return key === null ? null : this.toPrincipal(key);
  }

  /** Changes with the configured key, so that its tokens end with it too. */
  private configuredKeyId(): string {
    return `configured:${hash('sha256', `token:${this.config.PLATFORM_API_KEY ?? ''}`).slice(0, 16)}`;
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
      eventLimit: key.eventLimit,
    };
  }

  /** Lets a platform key act for the tenant in `X-Tenant-Id`. */
  private async actFor(principal: Principal, request: IncomingMessage): Promise<Principal> {
    const tenantId = request.headers['x-tenant-id'];
    if (tenantId === undefined || tenantId === principal.tenantId) return principal;
    if (!allows(principal.scopes, 'platform')) throw forbidden('Only platform keys may send X-Tenant-Id.');
    if (typeof tenantId !== 'string' || !isUuid(tenantId)) throw badRequest('X-Tenant-Id must be the id of a tenant.');
    return { ...principal, tenantId: await this.requireActive(tenantId) };
  }

  /**
   * For a tenant other than the key's: read each time, since few platform keys act for another tenant. @returns its id
   */
  private async requireActive(tenantId: string): Promise<string> {
    const tenant = await this.tenants.find(tenantId);
    if (tenant === null) throw notFound(`There is no tenant ${tenantId}.`);
    if (tenant.status !== 'active') throw forbidden(`The tenant ${tenantId} is ${tenant.status}.`);
    return tenant.id;
  }
}

function refuseToken(principal: Principal): Principal {
  if (principal.sessionId !== undefined)
    throw forbidden('A session cannot be exchanged for a token. Send the API key.');
  if (principal.tokenExpiresAt === undefined) return principal;
  throw forbidden('A token cannot be exchanged for another. Send the API key itself.');
}

const sessionEnded = () => unauthorized('This session has ended. Sign in again with an API key.');
