import { EVENTS } from '../../platform/clickhouse/schema-sql.js';
import type { TimeRange } from '../../platform/time/time.js';
import { ClickHouseFilterSql } from './filter-sql.js';
import { PropertySql } from './property-sql.js';
import { StatementParameters } from './statement-parameters.js';
import { micros } from './time-sql.js';

/** No event is outside. Dates of ClickHouse begin with 1970 and end with 2149. */
const TIMES = { from: Date.UTC(2000, 0, 1), to: Date.UTC(2100, 0, 1) };

/**
 * The events of one tenant in one statement, called `e` there. Every value is a parameter, never part of the text:
 * `{p0:String}`.
 */
export class EventsOfTenant {
  readonly property: PropertySql;
  readonly filter: ClickHouseFilterSql;
  private readonly added = new StatementParameters();

  constructor(
    private readonly database: string,
    private readonly tenantId: string,
  ) {
    this.property = new PropertySql(this.added);
    this.filter = new ClickHouseFilterSql(this.added, this.property);
  }

  get parameters(): Readonly<Record<string, unknown>> {
    return { ...this.added.values, tenant: this.tenantId };
  }

  /** The newest version of each event that fits all of the conditions. */
  from(range: TimeRange, ...conditions: readonly string[]): string {
    const where = [
      'e.tenant_id = {tenant:UUID}',
      ...this.happenedIn(range),
      ...conditions.filter((one) => one !== '1'),
    ];
    return `from ${this.database}.${EVENTS} as e final where ${where.join(' and ')}`;
  }

  /** SQL condition: of one of the types, where any are given. */
  ofTypes(types: readonly string[] | null): string {
    return types === null ? '1' : `e.event_type in ${this.add('Array(String)', types)}`;
  }

  /** Microseconds since 1970 of an event. */
  readonly time = 'toUnixTimestamp64Micro(e.event_time)';

  /** Microseconds since 1970 at which the last of some time windows begins that has begun; 0 before the first. */
  startOf(starts: readonly number[]): string {
    const given = this.add('Array(Int64)', starts.map(micros));
    return `if(${this.time} < ${this.add('Int64', micros(starts[0] ?? 0))}, 0, roundDown(${this.time}, ${given}))`;
  }

  add(type: string, value: unknown): string {
    return this.added.add(type, value);
  }

  private happenedIn({ from, to }: TimeRange): string[] {
    const instant = (ms: number) => {
      const within = Math.min(Math.max(ms, TIMES.from), TIMES.to);
      return `fromUnixTimestamp64Micro(${this.add('Int64', micros(within))}, 'UTC')`;
    };
    return [`e.event_time >= ${instant(from)}`, `e.event_time < ${instant(to)}`];
  }
}
