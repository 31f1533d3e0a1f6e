import { applyDecorators, createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { Request } from 'express';
import type { Principal, Scope } from './principal.js';

/** Query parameter that may hold a key, on every route. */
export const KEY_PARAMETER = 'api_key';

/** Metadata key under which a route declares who may call it. */
export const ACCESS = 'tidemark:access';

/**
 * `public`, `any` (every valid credential), `key` (every key, but no token), or the scope a credential must include.
 */
export type Access = 'public' | 'any' | 'key' | Scope;

/** Anybody may call this route, without a credential. */
export const Public = () => SetMetadata(ACCESS, 'public' satisfies Access);

/** Only credentials that include `scope` may call this route. A route without either decorator answers 403. */
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

/** The caller of a route that is not public. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (principal === undefined) throw new Error('A route that asks for the caller must declare a scope');
  return principal;
});
