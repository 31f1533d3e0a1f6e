import type { Schema } from '../../api/types.js';
import { asQuery, period } from '../../app/range.js';
import { param } from '../../app/router.js';

const ACTIONS = ['CREATE', 'UPDATE', 'DELETE', 'VIEW', 'EVENT'] as const;
const SEVERITIES = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;

function oneOf<const T extends string>(values: readonly T[], value: string | null): T | undefined {
  return values.find((known) => known === value);
}

/** What entries are narrowed to, as query parameters. */
export function filters() {
  return {
    ...facetFilters(),
    q: param('q') ?? undefined,
    user_id: param('user') ?? undefined,
    resource_id: param('resource_id') ?? undefined,
    client_id: param('client') ?? undefined,
    ...asQuery(period.value),
  };
}

/** Those that the live tail knows too. */
export function facetFilters() {
  return {
    action_type: oneOf(ACTIONS, param('action')),
    severity: oneOf(SEVERITIES, param('severity')),
    resource_type: param('resource') ?? undefined,
  };
}

/** Whether entries that arrive live belong into the list as they are. */
export function isFollowable(): boolean {
  const others = ['q', 'user', 'resource_id', 'client', 'cursor'];
  return period.value.isOpen && others.every((name) => param(name) === null);
}

export type AuditEntry = Schema<'EntryResponse'>;

export const severityClass: Record<AuditEntry['severity'], string> = {
  INFO: 'muted',
  WARNING: 'warn',
  ERROR: 'bad',
  CRITICAL: 'bad',
};
