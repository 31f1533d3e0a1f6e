import type { PolicyKind, TenantPolicies } from '../../audit/preservation/policies.repository.js';
import type { Config } from '../../platform/config/config.js';
import { DAY_MS } from '../../platform/time/time.js';

/** Types that share an age: those named, or all but those named. */
export interface TypeGroup {
  types: string[];
  named: boolean;
}

/** Types of a tenant that are kept equally long. */
export interface KeptGroup extends TypeGroup {
  /** Name of its mark: the type, or nothing for all types without a policy of their own. */
  mark: string;
  days: number;
}

type Defaults = Pick<Config, 'EVENT_RETENTION_DAYS' | 'AUDIT_RETENTION_DAYS'>;

/** How long a tenant's events are kept, type by type. */
export function eventGroups({ policies }: Pick<TenantPolicies, 'policies'>, defaults: Defaults): KeptGroup[] {
  const own = policies.filter(({ kind, event_type }) => kind === 'events' && event_type !== '');
  return [
    {
      mark: '',
      types: own.map(({ event_type }) => event_type),
      named: false,
      days: daysOf(policies, 'events', defaults),
    },
    ...own.map(({ event_type, days }) => ({ mark: event_type, types: [event_type], named: true, days })),
  ];
}

/** Days for what has no policy of its own. */
export function daysOf(policies: TenantPolicies['policies'], kind: PolicyKind, defaults: Defaults): number {
  const own = policies.find((policy) => policy.kind === kind && policy.event_type === '');
  return own?.days ?? (kind === 'events' ? defaults.EVENT_RETENTION_DAYS : defaults.AUDIT_RETENTION_DAYS);
}

/** The shortest and the longest that a tenant keeps any event. */
export function daysRange(tenant: TenantPolicies, defaults: Defaults): { shortestDays: number; longestDays: number } {
  const days = eventGroups(tenant, defaults).map((group) => group.days);
  return { shortestDays: Math.min(...days), longestDays: Math.max(...days) };
}

/** The longest that any tenant keeps any event. */
export function longestDays(tenants: readonly TenantPolicies[], defaults: Defaults): number {
  return Math.max(...tenants.map((tenant) => daysRange(tenant, defaults).longestDays));
}

export const daysBefore = (now: Date, days: number): Date => new Date(now.getTime() - days * DAY_MS);
