import { Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { type AuthenticatedRequest, Caller, ChangesAccess, RequireScope } from '../platform/http/access.js';
import type { Principal } from '../platform/http/principal.js';
import { toIso } from '../platform/time/time.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { AuthInfoResponse, TokenResponse } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { limitKey, RateLimiter } from './limits/rate-limiter.js';
import { csrfToken, readSessionCookie } from './sessions/session-cookie.js';
import { SessionsService } from './sessions/sessions.service.js';

@ApiTags('Access')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly tenants: TenantsService,
    private readonly limiter: RateLimiter,
    private readonly sessions: SessionsService,
  ) {}

  /** Who the credential of this request is, and what it may do. */
  @Get('info')
  @RequireScope('any')
  @ApiOkResponse({ type: AuthInfoResponse })
  async getAuthInfo(@Caller() caller: Principal, @Req() request: AuthenticatedRequest): Promise<AuthInfoResponse> {
    const { rateLimit, rateWindowSeconds } = caller;
    const [tenant, state, session] = await Promise.all([
      this.tenants.get(caller.tenantId),
      this.limiter.take(limitKey(caller), 0, rateLimit, rateWindowSeconds * 1_000), // reads, counts nothing
      caller.sessionId === undefined ? undefined : this.describeSession(request),
    ]);
    return {
      tenant: { id: tenant.id, name: tenant.name },
      client_id: caller.clientId,
      key_id: caller.keyId,
      key_name: caller.keyName,
      scopes: caller.scopes,
      rate_limit: {
        limit: rateLimit,
        window_s: rateWindowSeconds,
        remaining: Math.max(0, rateLimit - state.used),
        reset_s: Math.ceil(state.resetMs / 1_000),
      },
      ...(session === undefined ? {} : { session }),
    };
  }

  /**
   * Exchanges a key for an access token that stops working when the key is disabled, deleted or narrowed. A token is
   * not exchanged for a token: otherwise a stolen token could be renewed for ever.
   */
  @Post('token')
  @HttpCode(200)
  @RequireScope('key')
  @ChangesAccess()
  @ApiOkResponse({ type: TokenResponse })
  async createToken(@Caller() caller: Principal): Promise<TokenResponse> {
    const { token, expiresIn } = await this.auth.issueToken(caller);
    return { access_token: token, token_type: 'Bearer', expires_in: expiresIn };
  }

  private async describeSession(request: AuthenticatedRequest): Promise<AuthInfoResponse['session']> {
    const token = readSessionCookie(request);
    const session = token === null ? null : await this.sessions.find(token);
    if (token === null || session === null) return undefined;
    return { expires_at: toIso(session.expiresAt.getTime()), csrf_token: csrfToken(token) };
  }
}
