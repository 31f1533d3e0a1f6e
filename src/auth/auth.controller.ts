import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, ChangesAccess, RequireScope } from '../platform/access.js';
import type { Principal } from '../platform/principal.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { AuthInfoResponse, TokenResponse } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { limitKey, RateLimiter } from './rate-limiter.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(
    private readonly auth: AuthService,
    private readonly tenants: TenantsService,
    private readonly limiter: RateLimiter,
  ) {}

  /** Who the credential of this request is, and what it may do. */
  @Get('info')
  @RequireScope('any')
  @ApiOkResponse({ type: AuthInfoResponse })
  async info(@Caller() caller: Principal): Promise<AuthInfoResponse> {
    const { rateLimit, rateWindowSeconds } = caller;
    const [tenant, state] = await Promise.all([
      this.tenants.get(caller.tenantId),
      this.limiter.take(limitKey(caller), 0, rateLimit, rateWindowSeconds * 1_000), // a look, at no cost
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
    };
  }

  /**
   * Exchanges a key for an access token that stops working when the key is disabled, deleted or narrowed. A token is not
   * exchanged for a token: who holds one for a moment would keep it for ever.
   */
  @Post('token')
  @HttpCode(200)
  @RequireScope('key')
  @ChangesAccess()
  @ApiOkResponse({ type: TokenResponse })
  async token(@Caller() caller: Principal): Promise<TokenResponse> {
    const { token, expiresIn } = await this.auth.issueToken(caller);
    return { access_token: token, token_type: 'Bearer', expires_in: expiresIn };
  }
}
