import { type CanActivate, type ExecutionContext, Injectable, SetMetadata } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { ACCESS, type Access, type AuthenticatedRequest, CHANGES_ACCESS } from '../platform/http/access.js';
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

/** Default-deny: a route that declares neither a scope nor that it is public cannot be called. */
@Injectable()
export class AuthGuard implements CanActivate, RouteStep {
  constructor(private readonly auth: AuthService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.before(routeOf(context), context.switchToHttp().getRequest<AuthenticatedRequest>());
    return true;
  }

  async before(route: Route, request: AuthenticatedRequest): Promise<void> {
    const access = route.declared<Access>(ACCESS);
    if (access === 'public') return;
    if (access === undefined) throw forbidden('This route declares no scope, so nobody may call it.');
    const authenticate = route.declared<Authenticate>(AUTHENTICATE);
    request.principal =
      authenticate === undefined
        ? await this.auth.authenticate(request, access, route.declared(CHANGES_ACCESS) === true ? 'fresh' : 'cached')
        : await authenticate(this.auth, request, access);
  }
}
