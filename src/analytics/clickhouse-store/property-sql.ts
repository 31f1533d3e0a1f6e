import { MAX_PATH_PARTS, pathOf, TAG } from '../../platform/clickhouse/property-encoding.js';
import { parseProperty } from '../properties/event-property.js';
import type { StatementParameters } from './statement-parameters.js';
import { printedTime } from './time-sql.js';

/** What PostgreSQL takes for the place in an array. */
const PLACE = /^\s*[+-]?\d+$/;

/**
 * Whether ClickHouse has the property in a column: not what is nested too deep, nor what may be within an array.
 * PostgreSQL answers for those.
 */
export function isInColumn(name: string): boolean {
  const property = parseProperty(name);
  if (property.kind !== 'json') return true;
  const [, ...below] = property.path;
  return below.length < MAX_PATH_PARTS && !below.some((part) => PLACE.test(part));
}

/** SQL for properties of the events `e` of one statement, as texts of encodeValue. */
export class PropertySql {
  constructor(private readonly parameters: StatementParameters) {}

  /** '' where the event lacks the property. */
  value(name: string): string {
    const property = parseProperty(name);
    if (property.kind === 'field')
      return `ifNull(concat('${TAG.text}', cast(e.${property.field}, 'Nullable(String)')), '')`;
    if (property.kind === 'time') return `concat('${TAG.text}', ${printedTime(`e.${property.field}`)})`;
    const { root, key, path } = property;
    const whole = this.column(root, [key]);
    if (path.length === 1 && path[0] === key) return `ifNull(${whole}, '')`;
    return `coalesce(${whole}, ${this.column(root, path)}, '')`;
  }

  /** Of a column of its own: nothing else of the event is read. */
  private column(root: string, path: readonly string[]): string {
    return `e.${root}_properties.${this.parameters.add('Identifier', pathOf(path))}.:String`;
  }
}

/** What jsonb prints for a value. */
export const jsonText = (value: string): string =>
  `multiIf(startsWith(${value}, '${TAG.text}'), toJSONString(substring(${value}, 2)), ${otherText(value)})`;

/** The value as text, null where it lacks one or is a null of JSON. */
export const plainText = (value: string): string =>
  `multiIf(${value} in ('', '${TAG.null}'), null, startsWith(${value}, '${TAG.text}'), substring(${value}, 2), ${otherText(value)})`;

const otherText = (value: string): string =>
  [
    `startsWith(${value}, '${TAG.number}'), substring(${value}, position(${value}, ' ') + 1)`,
    `${value} = '${TAG.true}', 'true', ${value} = '${TAG.false}', 'false', ${value} = '${TAG.null}', 'null'`,
    `substring(${value}, 2)`,
  ].join(', ');
