import type { Parameters } from '../../platform/database/sql-parameters.js';
import { uuid7LowerBound } from '../../platform/database/uuid7.js';
import { DAY_MS, type TimeRange, toIso } from '../../platform/time/time.js';

/**
 * SQL condition on events `e`: those of a tenant that happened in a range. An event is received at most a day before it
 * happens (event_time ≤ receipt + 1 day), so ids below `from` minus a day cannot match.
 */
export function happenedIn(tenantId: string, { from, to }: TimeRange, parameters: Parameters): string {
  return [
    `e.tenant_id = ${parameters.add(tenantId)} and e.id >= ${parameters.add(uuid7LowerBound(from - DAY_MS))}`,
    `e.event_time >= ${parameters.add(toIso(from))} and e.event_time < ${parameters.add(toIso(to))}`,
  ].join(' and ');
}
