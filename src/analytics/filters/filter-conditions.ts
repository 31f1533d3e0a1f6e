import type { Scalar } from '../properties/event-property.js';
import { type Filter, type FilterCondition, NEGATIONS, type Operator, valuesOf } from './filter.js';

/** As both engines write them. */
export const COMPARISONS = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;
type Comparison = keyof typeof COMPARISONS;

/** A condition with the operators of {@link NEGATIONS} taken out. */
export interface Asked {
  name: string;
  op: Operator;
  value: FilterCondition['value'];
}

/** Filters as SQL conditions on the events `e` of one statement; an engine says what its single conditions are. */
export abstract class FilterConditions {
  protected abstract readonly always: string;
  protected abstract readonly never: string;

  condition(filter: Filter | undefined): string {
    if (filter === undefined) return this.always;
    if ('and' in filter) return this.group(filter.and, ' and ', this.always);
    return 'or' in filter ? this.group(filter.or, ' or ', this.never) : this.one(filter);
  }

  protected abstract positive(asked: Asked): string;

  /** True of every event of which the condition is not, also where it lacks the property. */
  protected abstract not(condition: string): string;

  private group(parts: readonly Filter[], glue: string, ofNone: string): string {
    return parts.length === 0 ? ofNone : `(${parts.map((part) => this.condition(part)).join(glue)})`;
  }

  private one({ property: name, op, value }: FilterCondition): string {
    const positive = NEGATIONS[op];
    const asked = this.positive({ name, op: positive ?? op, value });
    return positive === undefined ? asked : this.not(asked);
  }
}

/** The one comparison, or for `between` both. */
export function between(
  op: Operator,
  value: Asked['value'],
  compare: (comparison: Comparison, bound: Scalar | undefined) => string,
): string {
  const [low, high] = valuesOf(value);
  if (op === 'between') return `${compare('gte', low)} and ${compare('lte', high)}`;
  return compare(op as Comparison, low);
}
