import { IsIn, IsOptional, IsUUID } from 'class-validator';
import {
  ACTION_TYPES,
  type ActionType,
  type ExportedEntry,
  SEVERITIES,
  type Severity,
} from '../audit/entries/entry.js';
import { OptionalText } from '../platform/http/query.dto.js';
import { badRequest, type Problem } from '../platform/http/problem.js';

/** What both namespaces take. Absent and null are the same here: no wish. */
class Subscription {
  @IsOptional()
  @IsUUID('all')
  tenant_id?: string | null;
}

/** What a client of `/metrics` wants. */
export class MetricsSubscription extends Subscription {
  @OptionalText()
  client_id?: string | null;
}

/** What a client of `/logs` wants. */
export class LogSubscription extends Subscription {
  @IsOptional()
  @IsIn(ACTION_TYPES)
  action_type?: ActionType | null;

  @IsOptional()
  @IsIn(SEVERITIES)
  severity?: Severity | null;

  @OptionalText()
  resource_type?: string | null;

  @IsOptional()
  @IsUUID('all')
  after?: string | null;
}

const FILTERS = ['action_type', 'severity', 'resource_type'] as const;

export function matches(wish: LogSubscription, entry: ExportedEntry): boolean {
  return FILTERS.every((name) => (wish[name] ?? entry[name]) === entry[name]);
}

export const unknownMessage = (): Problem => badRequest('There is no such message. Send subscribe or unsubscribe.');
