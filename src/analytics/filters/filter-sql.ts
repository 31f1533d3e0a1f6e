import type { Sql } from '../../platform/database/database.js';
import type { Parameters } from '../../platform/database/sql-parameters.js';
import { writeJson } from '../../platform/json/json-text.js';
import { parseAskedTime } from '../../platform/time/asked-time.js';
import { toMicroseconds } from '../../platform/time/time.js';
import { listParsedAgents } from '../properties/event-properties.repository.js';
import { EventPropertySql } from '../properties/event-property-sql.js';
import { parseProperty } from '../properties/event-property.js';
import { type Filter, type Operator, propertiesOf, valuesOf } from './filter.js';
import { type Asked, between, COMPARISONS, FilterConditions } from './filter-conditions.js';
import { toPostgresPattern } from './pattern.js';

/**
 * Filters as SQL conditions on the events `e` of one statement, each true, or false or null. Names, values and patterns
 * are parameters, never part of the text.
 */
export class FilterSql extends FilterConditions {
  protected readonly always = 'true';
  protected readonly never = 'false';

  constructor(
    private readonly parameters: Parameters,
    readonly property: EventPropertySql,
  ) {
    super();
  }

  protected not(condition: string): string {
    return `(${condition}) is not true`;
  }

  protected positive(asked: Asked): string {
    const property = parseProperty(asked.name);
    if (property.kind === 'field') return this.ofField(`e.${property.field}`, asked);
    return property.kind === 'time' ? this.ofTime(`e.${property.field}`, asked) : this.ofJson(asked);
  }

  private ofField(column: string, { op, value }: Asked): string {
    if (op === 'is_set') return `${column} is not null`;
    if (op !== 'is' && op !== 'in') return this.ofText(column, op, value);
    const values = valuesOf(value);
    const texts = values.filter((one) => typeof one === 'string');
    const equal =
      op === 'is' && texts[0] !== undefined
        ? `${column} = ${this.parameters.add(texts[0])}`
        : `${column} = any(${this.parameters.add(texts)}::text[])`;
    return values.includes(null) ? `(${equal} or ${column} is null)` : equal;
  }

  private ofTime(column: string, { op, value }: Asked): string {
    const time = (one: unknown) =>
      `${this.parameters.add(toMicroseconds(parseAskedTime(String(one), 'UTC') ?? 0))}::timestamptz`;
    if (op === 'is_set') return `${column} is not null`;
    if (op === 'is' || op === 'in') return `${column} in (${valuesOf(value).map(time).join(', ')})`;
    return between(op, value, (comparison, bound) => `${column} ${COMPARISONS[comparison]} ${time(bound)}`);
  }

  private ofJson({ name, op, value }: Asked): string {
    const json = this.property.json(name);
    if (op === 'is') return `${json} = ${this.parameters.add(writeJson(value))}::jsonb`;
    if (op === 'in') return `${json} = any(${this.parameters.add(valuesOf(value).map(writeJson))}::jsonb[])`;
    if (op === 'is_set') return `${json} <> 'null'::jsonb`;
    // jsonb has all its numbers in order, digit by digit; its texts in the order of some language.
    if (valuesOf(value).some((one) => typeof one === 'string')) {
      return `(jsonb_typeof(${json}) = 'string' and ${this.ofText(`(${json} #>> '{}')`, op, value)})`;
    }
    const compared = between(
      op,
      value,
      (comparison, bound) => `${json} ${COMPARISONS[comparison]} ${this.parameters.add(writeJson(bound))}::jsonb`,
    );
    return `(jsonb_typeof(${json}) = 'number' and ${compared})`;
  }

  private ofText(text: string, op: Operator, value: Asked['value']): string {
    if (op === 'contains') return `strpos(${text}, ${this.parameters.add(value)}) > 0`;
    if (op === 'starts_with') return `starts_with(${text}, ${this.parameters.add(value)})`;
    if (op === 'matches') return `${text} ~ ${this.parameters.add(toPostgresPattern(String(value)))}`;
    return between(
      op,
      value,
      (comparison, bound) => `${text} collate "C" ${COMPARISONS[comparison]} ${this.parameters.add(bound)}::text`,
    );
  }
}

/** For the filters of one statement, and for other properties that it names. */
export async function filterSqlFor(
  sql: Sql,
  tenantId: string,
  parameters: Parameters,
  filters: readonly (Filter | undefined)[],
  names: readonly string[] = [],
): Promise<FilterSql> {
  const agents = await listParsedAgents(sql, tenantId, [...names, ...filters.flatMap(propertiesOf)]);
  return new FilterSql(parameters, new EventPropertySql(parameters, agents));
}
