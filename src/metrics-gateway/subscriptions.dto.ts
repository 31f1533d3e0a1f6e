import {
  ACTION_TYPES,
  type ActionType,
  type ExportedEntry,
  SEVERITIES,
  type Severity,
} from '../audit/entries/entry.js';
import { Closed, OneOf, Text, Uuid } from '../platform/http/body/fields.js';
import { badRequest, type Problem } from '../platform/http/problem.js';

/** Absent and null are the same here: no wish. */
const OPTIONAL = { optional: true, nullable: true } as const;

/** What both namespaces take. */
class Subscription {
  @Uuid(OPTIONAL)
  tenant_id?: string | null;
}

/** What a client of `/metrics` wants. */
@Closed()
export class MetricsSubscription extends Subscription {
  @Text(OPTIONAL)
  client_id?: string | null;
}

/** What a client of `/logs` wants. */
@Closed()
export class LogSubscription extends Subscription {
  @OneOf(ACTION_TYPES, OPTIONAL)
  action_type?: ActionType | null;

  @OneOf(SEVERITIES, OPTIONAL)
  severity?: Severity | null;

  @Text(OPTIONAL)
  resource_type?: string | null;

  @Uuid(OPTIONAL)
  after?: string | null;
}

const FILTERS = ['action_type', 'severity', 'resource_type'] as const;

export function matches(wish: LogSubscription, entry: ExportedEntry): boolean {
  return FILTERS.every((name) => (wish[name] ?? entry[name]) === entry[name]);
}

export const unknownMessage = (): Problem => badRequest('There is no such message. Send subscribe or unsubscribe.');
