import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { Request } from 'express';
import type { Principal, Scope } from './principal.js';

/** Metadata key under which a route declares who may call it. */
export const ACCESS = 'tidemark:access';

/**
 * `public`, `any` (every valid credential), `key` (every key, but no token), or the scope a credential must include.
 */
export type Access = 'public' | 'any' | 'key' | Scope;

/** Anybody may call this route, without a credential. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);

/**
 * Only credentials that include `scope` may call this route, or send this message on a socket. A route without either
 * decorator answers 403.
 */
export const RequireScope = (scope: Exclude<Access, 'public'>) =>
  applyDecorators(SetMetadata(ACCESS, scope), ApiSecurity('api_key'), ApiSecurity('bearer'));

/** Metadata key of {@link NeedsSharedLimits}. */
export const NEEDS_SHARED_LIMITS = 'tidemark:needs-shared-limits';

/** The route is refused while limits cannot be counted for all processes together. */
export const NeedsSharedLimits = () => SetMetadata(NEEDS_SHARED_LIMITS, true);

/** Metadata key of {@link ChangesAccess}. */
export const CHANGES_ACCESS = 'tidemark:changes-access';

/**
 * The route changes who may do what: it makes or changes keys, tenants or tokens. Key and tenant of its caller are read
 * from the database, so that a key that another process revoked a moment ago cannot make a new one.
 */
export const ChangesAccess = () => SetMetadata(CHANGES_ACCESS, true);

export interface AuthenticatedRequest extends Request {
  principal?: Principal;
}

/** A socket as it is after its handshake: its messages are those of one caller. */
export interface AuthenticatedSocket {
  data: { principal?: Principal };
}

/** The caller as far as the guards know it: of a request, or of the socket on which a message came. */
export function callerOf(context: ExecutionContext): Principal | undefined {
  if (context.getType() === 'ws') return context.switchToWs().getClient<AuthenticatedSocket>().data.principal;
  return context.switchToHttp().getRequest<AuthenticatedRequest>().principal;
}

/** The caller of a route or message that is not public. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const principal = callerOf(context);
  if (principal === undefined) throw new Error('A route that asks for the caller must declare a scope');
  return principal;
});
