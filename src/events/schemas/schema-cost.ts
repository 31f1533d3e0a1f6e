import { MAX_DEPTH } from '../../platform/http/body/payload-check.js';
import type { SchemaDocument, SchemaNode } from './schema-document.js';
import { SchemaFault } from './schema-fault.js';

/** A union of a hundred kinds of event fits; a cost that doubles with every level does not. */
const MAX_EVALUATIONS = 200;

/**
 * How many subschemas can meet one value, at any level of a payload. Recursion is fine as long as it does not branch:
 * `{"properties":{"child":{"$ref":"#"}}}` costs the same at each level, while two references to `#` that meet the same
 * value double the work with each of 32 levels, and a chain of definitions that name the next one twice does so at
 * once.
 * @throws SchemaFault beyond a bound, or when a subschema applies itself to the same value for ever
 */
export function evaluationsOf(document: SchemaDocument): number {
  return new Cost(document.nodes).most();
}

class Cost {
  private readonly closures = new Map<string, ReadonlyMap<string, number>>();
  private readonly open = new Set<string>();

  constructor(private readonly nodes: ReadonlyMap<string, SchemaNode>) {}

  most(): number {
    let most = 0;
    let below = new Map<string, number>();
    for (let level = 0; level < MAX_DEPTH; level++) {
      const costs = new Map<string, number>();
      for (const pointer of this.nodes.keys()) costs.set(pointer, this.costAt(level, pointer, below));
      most = Math.max(most, costs.get('') ?? 0);
      if (most > MAX_EVALUATIONS) {
        throw new SchemaFault(
          'schema',
          `meets one value with more than ${MAX_EVALUATIONS} subschemas: it branches too much`,
        );
      }
      below = costs;
    }
    return most;
  }

  /**
   * Evaluations at one value `level` levels below a value that `pointer` is applied to; `below`: those of a level less.
   */
  private costAt(level: number, pointer: string, below: ReadonlyMap<string, number>): number {
    let cost = 0;
    for (const [applied, times] of this.closure(pointer))
      cost += times * (level === 0 ? 1 : this.costBelow(applied, below));
    return cost;
  }

  private costBelow(pointer: string, below: ReadonlyMap<string, number>): number {
    const node = this.nodes.get(pointer)!; // closures hold pointers of nodes only
    const costs = (pointers: string[]) => pointers.map((child) => below.get(child) ?? 0);
    return Math.max(0, ...costs(node.members)) + costs(node.below).reduce((sum, cost) => sum + cost, 0);
  }

  /** What is applied to the value itself when `pointer` is, and how often. */
  private closure(pointer: string): ReadonlyMap<string, number> {
    const known = this.closures.get(pointer);
    if (known !== undefined) return known;
    if (this.open.has(pointer)) {
      throw new SchemaFault(`schema${pointer.replaceAll('/', '.')}`, 'applies itself to the same value, without end');
    }
    this.open.add(pointer);
    const closure = new Map([[pointer, 1]]);
    for (const part of this.nodes.get(pointer)!.inPlace) {
      for (const [applied, times] of this.closure(part)) closure.set(applied, (closure.get(applied) ?? 0) + times);
    }
    this.open.delete(pointer);
    this.closures.set(pointer, closure);
    return closure;
  }
}
