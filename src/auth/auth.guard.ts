import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS, type Access, type AuthenticatedRequest, callerOf, CHANGES_ACCESS } from '../platform/http/access.js';
import { forbidden } from '../platform/http/problem.js';
import { AuthService } from './auth.service.js';

/**
 * Default-deny: a route or message that declares neither a scope nor that it is public cannot be called. The credential
 * of a socket was checked in its handshake and is checked again every second, so its messages are only held to their
 * scope.
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly auth: AuthService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === 'public') return true;
    if (access === undefined) throw forbidden('This route declares no scope, so nobody may call it.');
    if (context.getType() === 'ws') {
      this.auth.requireAccess(callerOf(context), access);
      return true;
    }
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const isFresh = this.reflector.get<boolean | undefined>(CHANGES_ACCESS, context.getHandler()) === true;
    request.principal = await this.auth.authenticate(request, access, isFresh ? 'fresh' : 'cached');
    return true;
  }
}
