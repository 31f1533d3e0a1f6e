import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { ACCESS, type Access, type AuthenticatedRequest, callerOf, CHANGES_ACCESS } from '../platform/http/access.js';
import type { Principal } from '../platform/http/principal.js';
import { forbidden } from '../platform/http/problem.js';
import { type Route, routeOf, type RouteStep } from '../platform/http/route.js';
import { AuthService } from './auth.service.js';

/** Finds the credential of a request where the clients of a route put it, and who it stands for. */
export type Authenticate = (
  auth: AuthService,
  request: IncomingMessage,
  needed: Exclude<Access, 'public'>,
) => Promise<Principal>;

const AUTHENTICATE = 'tidemark:authenticate';

/** The credential may also stand elsewhere than it does on other routes. */
export const AuthenticateWith = (authenticate: Authenticate) => SetMetadata(AUTHENTICATE, authenticate);

/**
 * Default-deny: a route or message that declares neither a scope nor that it is public cannot be called. The credential
 * of a socket was checked in its handshake and is checked again every second, so its messages are only held to their
 * scope.
 */
@Injectable()
export class AuthGuard implements CanActivate, RouteStep {
  constructor(private readonly auth: AuthService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = routeOf(context);
    if (context.getType() === 'ws') {
      const access = accessOf(route);
      if (access !== 'public') this.auth.requireAccess(callerOf(context), access);
      return true;
    }
    await this.before(route, context.switchToHttp().getRequest<AuthenticatedRequest>());
    return true;
  }

  async before(route: Route, request: AuthenticatedRequest): Promise<void> {
    const access = accessOf(route);
    if (access === 'public') return;
    const authenticate = route.declared<Authenticate>(AUTHENTICATE);
    request.principal =
      authenticate === undefined
        ? await this.auth.authenticate(request, access, route.declared(CHANGES_ACCESS) === true ? 'fresh' : 'cached')
        : await authenticate(this.auth, request, access);
  }
}

function accessOf(route: Route): Access {
  const access = route.declared<Access>(ACCESS);
  if (access === undefined) throw forbidden('This route declares no scope, so nobody may call it.');
  return access;
}
