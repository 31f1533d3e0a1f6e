export const SCOPES = ['track', 'read', 'write', 'admin', 'platform'] as const;
export type Scope = (typeof SCOPES)[number];

/** Query parameter that may hold a key, on every route. */
export const KEY_PARAMETER = 'api_key';

/** Who is calling: what a verified credential stands for. */
export interface Principal {
  /** Tenant whose data the call works on. */
  readonly tenantId: string;
  /** The calling application. */
  readonly clientId: string;
  /** null for the key that comes from the configuration. */
  readonly keyId: string | null;
  readonly keyName: string;
  readonly scopes: readonly Scope[];
  readonly rateLimit: number;
  readonly rateWindowSeconds: number;
  /** Events per window; null without a limit of their own. */
  readonly eventLimit: number | null;
  /** Seconds since 1970; absent when the credential was a key. */
  readonly tokenExpiresAt?: number;
  /** Session of a person who signed in at the dashboard; absent for programs. */
  readonly sessionId?: string;
}

/**
 * A wider scope includes the narrower ones below it: platform ⊃ admin ⊃ (read, write ⊃ track). `track` is for keys that
 * anybody can read, in pages and on devices: it sends events and reads nothing.
 */
const INCLUDED: Record<Scope, readonly Scope[]> = {
  track: ['track'],
  read: ['read'],
  write: ['write', 'track'],
  admin: ['admin', 'read', 'write', 'track'],
  platform: ['platform', 'admin', 'read', 'write', 'track'],
};

export function allows(granted: readonly Scope[], needed: Scope): boolean {
  return granted.some((scope) => INCLUDED[scope].includes(needed));
}

/** The widest scopes that both allow: `write` and `track` have `track` in common. */
export function commonScopes(some: readonly Scope[], others: readonly Scope[]): Scope[] {
  return SCOPES.filter(
    (scope) => (some.includes(scope) && allows(others, scope)) || (others.includes(scope) && allows(some, scope)),
  );
}

/** Whether the caller may send events but read nothing, not even the status of an earlier event. */
export function sendsOnly({ scopes }: Pick<Principal, 'scopes'>): boolean {
  return !allows(scopes, 'read') && !allows(scopes, 'write');
}

/** The tenant that always exists. */
export const DEFAULT_TENANT_ID = '00000000-0000-7000-8000-000000000000';
