import { Body, Controller, Delete, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import {
  ApiForbiddenResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { type AuthenticatedRequest, Caller, ChangesAccess, Public, RequireScope } from '../platform/http/access.js';
import { CONFIG, type Config } from '../platform/config/config.js';
import type { Principal } from '../platform/http/principal.js';
import { forbidden, unauthorized } from '../platform/http/problem.js';
import { SignInDto } from './auth.dto.js';
import { AuthService } from './auth.service.js';
import { RateLimiter } from './limits/rate-limiter.js';
import { takeRequest } from './limits/request-limit.js';
import { expiredCookies, sessionCookie } from './sessions/session-cookie.js';
import { SessionsService } from './sessions/sessions.service.js';

@ApiTags('Access')
@Controller('auth/session')
export class SessionsController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly auth: AuthService,
    private readonly sessions: SessionsService,
    private readonly limiter: RateLimiter,
  ) {}

  /** Signs in at the dashboard: the answer sets a cookie with the rights of the key, as long as the key has them. */
  @Post()
  @HttpCode(204)
  @Public()
  @ChangesAccess()
  @ApiNoContentResponse({
    description: 'Signed in.',
    headers: { 'Set-Cookie': { description: 'The session.', schema: { type: 'string' } } },
  })
  @ApiUnauthorizedResponse()
  @ApiForbiddenResponse()
  @ApiTooManyRequestsResponse()
  async signIn(
    @Body() { key }: SignInDto,
    @Req() request: AuthenticatedRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    if (request.headers['sec-fetch-site'] === 'cross-site') throw forbidden('Sign in from the page of this server.');
    const principal = await this.auth.authenticateWith(key.trim(), request, 'any', 'fresh');
    if (principal.tokenExpiresAt !== undefined)
      throw unauthorized('Sign in with an API key, not with an access token.');
    request.principal = principal; // so that the call log knows whose call it is
    await takeRequest(this.limiter, principal, () => undefined);
    const token = await this.sessions.open(this.auth.subjectOf(principal), principal);
    response.append('Set-Cookie', sessionCookie(token, this.config.SESSION_LIFETIME, this.isSecure(request)));
  }

  /** Signs out: the session ends everywhere, its live connections too. */
  @Delete()
  @HttpCode(204)
  @RequireScope('any')
  @ChangesAccess()
  @ApiHeader({ name: 'X-CSRF-Token', required: false, description: 'As GET /auth/info tells it.' })
  @ApiNoContentResponse()
  async signOut(
    @Caller() caller: Principal,
    @Req() request: AuthenticatedRequest,
    @Res({ passthrough: true }) response: Response,
  ): Promise<void> {
    if (caller.sessionId !== undefined) await this.sessions.close(caller.sessionId, caller);
    for (const cookie of expiredCookies(this.isSecure(request))) response.append('Set-Cookie', cookie);
  }

  private isSecure(request: AuthenticatedRequest): boolean {
    return this.auth.originOf(request)?.protocol === 'https';
  }
}
