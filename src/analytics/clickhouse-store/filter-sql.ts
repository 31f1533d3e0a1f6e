import { encodeValue, TAG } from '../../platform/clickhouse/property-encoding.js';
import { parseAskedTime } from '../../platform/time/asked-time.js';
import { valuesOf } from '../filters/filter.js';
import { type Asked, between, COMPARISONS, FilterConditions } from '../filters/filter-conditions.js';
import { toPostgresPattern } from '../filters/pattern.js';
import { parseProperty } from '../properties/event-property.js';
import type { PropertySql } from './property-sql.js';
import type { StatementParameters } from './statement-parameters.js';
import { micros } from './time-sql.js';

/**
 * Filters as SQL conditions of ClickHouse on the events `e` of one statement, each 1 or 0 of every event. Names, values
 * and patterns are parameters, never part of the text. Properties are texts of encodeValue, so a number is above
 * another where its text is.
 */
export class ClickHouseFilterSql extends FilterConditions {
  protected readonly always = '1';
  protected readonly never = '0';

  constructor(
    private readonly parameters: StatementParameters,
    private readonly property: PropertySql,
  ) {
    super();
  }

  protected not(condition: string): string {
    return `not (${condition})`;
  }

  protected positive(asked: Asked): string {
    const property = parseProperty(asked.name);
    if (property.kind === 'time') return this.ofTime(`e.${property.field}`, asked);
    const value = this.property.value(asked.name);
    return property.kind === 'field' ? this.ofField(value, asked) : this.ofValue(value, asked);
  }

  /** What an event does not have is null, which a field can be asked for. */
  private ofField(value: string, asked: Asked): string {
    if (asked.op !== 'is' && asked.op !== 'in') return this.ofValue(value, asked);
    const wanted = valuesOf(asked.value).map((one) => (one === null ? '' : encodeValue(one)));
    return `${value} in ${this.parameters.add('Array(String)', wanted)}`;
  }

  private ofTime(column: string, { op, value }: Asked): string {
    const at = `toUnixTimestamp64Micro(${column})`;
    const time = (one: unknown) => micros(parseAskedTime(String(one), 'UTC') ?? 0);
    if (op === 'is_set') return '1';
    if (op === 'is' || op === 'in') return `${at} in ${this.parameters.add('Array(Int64)', valuesOf(value).map(time))}`;
    return between(
      op,
      value,
      (comparison, bound) => `${at} ${COMPARISONS[comparison]} ${this.parameters.add('Int64', time(bound))}`,
    );
  }

  private ofValue(value: string, { op, value: asked }: Asked): string {
    const text = (one: unknown) => this.parameters.add('String', one);
    const isText = `startsWith(${value}, '${TAG.text}')`;
    if (op === 'is_set') return `${value} not in ('', '${TAG.null}')`;
    if (op === 'is' || op === 'in') {
      return `${value} in ${this.parameters.add('Array(String)', valuesOf(asked).map(encodeValue))}`;
    }
    if (op === 'contains') return `(${isText} and position(substring(${value}, 2), ${text(asked)}) > 0)`;
    if (op === 'starts_with') return `startsWith(${value}, ${text(encodeValue(asked))})`;
    if (op === 'matches') {
      return `(${isText} and match(substring(${value}, 2), ${text(toPostgresPattern(String(asked)))}))`;
    }
    // Only values of the same type have an order: the tag before them is the type.
    const tag = encodeValue(valuesOf(asked)[0]).charAt(0);
    const compared = between(op, asked, (comparison, bound) => {
      return `${value} ${COMPARISONS[comparison]} ${text(encodeValue(bound))}`;
    });
    return `(startsWith(${value}, '${tag}') and ${compared})`;
  }
}
