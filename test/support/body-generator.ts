import { mix, mulberry32, pick, type Random } from '../../src/events/sample-data/seeded-random.js';
import { EDGE_TIMES } from './edge-values.js';

export interface BodySchema {
  $ref?: string;
  type?: string;
  format?: string;
  nullable?: boolean;
  enum?: unknown[];
  example?: unknown;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, BodySchema>;
  additionalProperties?: boolean | BodySchema;
  required?: string[];
  items?: BodySchema;
  anyOf?: BodySchema[];
}

export type Schemas = Record<string, BodySchema>;

const ANY_TEXTS = [
  ...['', ' ', 'x', 'null', '1', 'true', '\n', '\u007f', 'é', '\u{10ffff}', '__proto__', 'CREATE', 'redact', '::1'],
  ...['1.2.3.4', '01.2.3.4', 'fe80::1%eth0', 'YQ==', 'a|b', '/a b', '1.0', 'track', 'read', 'active', 'Success'],
  ...[254, 255, 256, 1_000, 1_001, 1_024, 1_025, 4_097].map((length) => 'x'.repeat(length)),
  ...[255, 256].map((length) => '😀'.repeat(length)),
  ...['\0', 'a\0b', '\ud800', '\udc00a'],
];
const ANY_VALUES: unknown[] = [
  ...[null, true, false, 0, -1, 1, 1.5, 1e3, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 5e-324],
  ...[[], {}, [null], [[]], [{}], { a: 1 }, ['a', 'a'], ['read'], ['read', 'read'], { a: { b: [] } }],
];
/** JSON.parse makes an own member of each, as it does of what comes over the wire. */
const UNKNOWN_MEMBERS = ['{"colour":1}', '{"__proto__":{"a":1}}', '{"constructor":1}', '{"toString":null}', '{"":1}'];

type Place = (string | number)[];

/** Bodies for one schema of the document, good and bad, the same ones for the same seed. */
export class BodyGenerator {
  private readonly random: Random;

  constructor(
    private readonly schemas: Schemas,
    private readonly schema: BodySchema,
    seed: number,
  ) {
    this.random = mulberry32(mix(seed, 7));
  }

  draw(): unknown {
    const body = this.valid(this.schema);
    const roll = this.random();
    if (roll < 0.15) return body;
    if (roll < 0.2) return pick(this.random, [...ANY_VALUES, 'text', [body], { body }]);
    const changed = this.mutated(body);
    return this.random() < 0.2 ? this.mutated(changed) : changed;
  }

  /** A value that the schema takes: every required member, and each other one half of the time. */
  valid(given: BodySchema): unknown {
    const schema = this.resolve(given);
    if (schema.anyOf !== undefined) return this.valid(pick(this.random, schema.anyOf));
    if (schema.nullable === true && this.random() < 0.1) return null;
    if (schema.enum !== undefined) return pick(this.random, schema.enum);
    if (schema.example !== undefined && this.random() < 0.5) return structuredClone(schema.example);
    if (schema.type === 'array') return this.validItems(schema);
    if (schema.type === 'object') return this.validMembers(schema);
    if (schema.type === 'boolean') return this.random() < 0.5;
    if (schema.type === 'integer') return this.random() < 0.5 ? schema.minimum : schema.maximum;
    if (schema.type === 'number') return pick(this.random, [0, -1.5, 1e9]);
    return schema.type === 'string' ? this.validText(schema) : pick(this.random, ANY_VALUES);
  }

  private validText({ format, minLength = 1, maxLength = 40 }: BodySchema): string {
    if (format === 'date-time') return pick(this.random, ['2026-02-03T04:05:06Z', '2024-02-29T00:00:00.123+05:30']);
    if (format === 'ipv4') return '192.0.2.10';
    if (format === 'ipv6') return '2001:db8::1';
    const length = pick(this.random, [Math.max(minLength, 1), Math.min(9, maxLength)]);
    return Array.from({ length }, () => pick(this.random, ['a', 'b', '7', 'Z'])).join('');
  }

  private validItems({ items = {}, minItems = 0, maxItems = 3 }: BodySchema): unknown[] {
    const length = Math.min(maxItems, Math.max(minItems, 1 + Math.floor(this.random() * 2)));
    const made = Array.from({ length }, () => this.valid(items));
    return items.enum === undefined ? made : [...new Set(made)];
  }

  private validMembers({ properties, required = [] }: BodySchema): Record<string, unknown> {
    if (properties === undefined) return { [pick(this.random, ['a', 'b c', '0'])]: pick(this.random, ['x', 1, true]) };
    const names = Object.keys(properties).filter((name) => required.includes(name) || this.random() < 0.4);
    return Object.fromEntries(names.map((name) => [name, this.valid(properties[name]!)]));
  }

  /** One change somewhere: to a member that is there, or one that is or is not of the schema. */
  private mutated(body: unknown): unknown {
    const places = this.placesOf(this.schema, body, []);
    if (places.length === 0) return pick(this.random, ANY_VALUES);
    const [place, schema] = pick(this.random, places);
    const changed = structuredClone(body);
    const holder = place.slice(0, -1).reduce((value, name) => (value as Record<string, unknown>)[name], changed);
    const name = place.at(-1)!; // no place is the whole
    const roll = this.random();
    if (roll < 0.1) Reflect.deleteProperty(holder as object, name);
    else if (roll < 0.2 && !Array.isArray(holder)) {
      const [unknown, value] = Object.entries(JSON.parse(pick(this.random, UNKNOWN_MEMBERS)) as object)[0]!;
      Object.defineProperty(holder, unknown, { value: value as unknown, enumerable: true });
    } else (holder as Record<string | number, unknown>)[name] = this.edge(schema);
    return changed;
  }

  /** Members and items that are there or could be. */
  private placesOf(given: BodySchema, value: unknown, place: Place): [Place, BodySchema][] {
    const schema = this.resolve(given);
    if (schema.anyOf !== undefined) return this.placesOf(schema.anyOf[0] ?? {}, value, place);
    if (Array.isArray(value)) {
      const { items = {} } = schema;
      return value.flatMap((item, n): [Place, BodySchema][] => [
        [[...place, n], items],
        ...this.placesOf(items, item, [...place, n]),
      ]);
    }
    if (typeof value !== 'object' || value === null) return [];
    const names = new Set([...Object.keys(schema.properties ?? {}), ...Object.keys(value)]);
    return [...names].flatMap((name): [Place, BodySchema][] => {
      const member = schema.properties?.[name] ?? {};
      const inner = (value as Record<string, unknown>)[name];
      return [[[...place, name], member], ...this.placesOf(member, inner, [...place, name])];
    });
  }

  /** A value at an edge of the schema, or of anything. */
  private edge(given: BodySchema): unknown {
    const schema = this.resolve(given);
    if (schema.anyOf !== undefined && this.random() < 0.5) return this.edge(pick(this.random, schema.anyOf));
    const own = this.ownEdges(schema);
    if (own.length > 0 && this.random() < 0.6) return pick(this.random, own);
    return pick(this.random, this.random() < 0.5 ? ANY_TEXTS : ANY_VALUES);
  }

  private ownEdges(schema: BodySchema): unknown[] {
    const { minimum, maximum, minLength = 0, maxLength, minItems = 0, maxItems } = schema;
    const around = (edge: number) => [edge - 1, edge, edge + 1];
    if (schema.enum !== undefined) return [...schema.enum, String(schema.enum[0]).toLowerCase(), [schema.enum[0]]];
    if (schema.format === 'date-time') return EDGE_TIMES;
    if (minimum !== undefined && maximum !== undefined) {
      return [...around(minimum), ...around(maximum), minimum + 0.5, String(minimum)];
    }
    if (maxLength !== undefined) {
      const lengths = [...around(minLength), ...around(maxLength)].filter((length) => length >= 0);
      return lengths.flatMap((length) => ['x'.repeat(length), '😀'.repeat(length)]);
    }
    if (schema.type === 'array' && maxItems !== undefined) {
      const one = this.valid(schema.items ?? {});
      return [minItems, maxItems, maxItems + 1].map((length) => Array.from({ length }, () => one));
    }
    return schema.type === 'boolean' ? ['true', 0, 1, null] : [];
  }

  private resolve(schema: BodySchema): BodySchema {
    if (schema.$ref === undefined) return schema;
    return this.resolve(this.schemas[schema.$ref.split('/').at(-1)!] ?? {});
  }
}
