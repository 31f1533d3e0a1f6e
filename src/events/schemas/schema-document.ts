import { ExactNumber } from '../../platform/json/exact-number.js';
import { textFault } from '../../platform/http/body/payload-check.js';
import { SchemaFault } from './schema-fault.js';
import { formatNames } from './schema-formats.js';
import { checkPattern } from './linear-pattern.js';

const MAX_SCHEMA_BYTES = 65_536;
const MAX_JSON_DEPTH = 100;
/** ajv writes code for each: 300 take about a tenth of a second. */
const MAX_SUBSCHEMAS = 300;

export type Schema = boolean | SchemaObject;
export type SchemaObject = Record<string, unknown>;

/** One subschema of a document, and what it applies to the same value or to values below it. */
export interface SchemaNode {
  pointer: string;
  /** Pointers of subschemas for the same value: allOf, if, $ref … */
  inPlace: string[];
  /** Pointers of subschemas for the members or items of the value, of which any may meet the same one. */
  below: string[];
  /** Pointers under `properties`: each member meets one of them. */
  members: string[];
}

export interface SchemaDocument {
  /** Only the keywords that check something: the part that is compiled. */
  schema: Schema;
  nodes: ReadonlyMap<string, SchemaNode>;
}

type Kind = 'value' | 'schema' | 'list' | 'map' | 'ignored' | 'ref';

const KEYWORDS: ReadonlyMap<string, Kind> = new Map(
  Object.entries({
    value: `type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern
      maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required dependentRequired
      format`,
    schema: `not if then else items contains additionalProperties propertyNames unevaluatedItems
      unevaluatedProperties`,
    list: 'allOf anyOf oneOf prefixItems',
    map: '$defs definitions properties patternProperties dependentSchemas',
    ignored: `$schema $id $comment title description default deprecated readOnly writeOnly examples example
      contentEncoding contentMediaType contentSchema`,
    ref: '$ref',
  } satisfies Record<Kind, string>).flatMap(([kind, names]) =>
    names.split(/\s+/).map((name) => [name, kind as Kind] as const),
  ),
);
const IN_PLACE = new Set(['not', 'if', 'then', 'else', 'allOf', 'anyOf', 'oneOf', 'dependentSchemas']);
const APART = new Set(['$defs', 'definitions']);
const DIALECTS = new Set([
  'https://json-schema.org/draft/2020-12/schema',
  'https://json-schema.org/draft/2020-12/schema#',
]);

/**
 * Reads a JSON Schema sent by a caller: known keywords only, bounded in size, depth and number of subschemas, and with
 * `$ref` only to a subschema of the same document, so that nothing is ever fetched.
 * @throws SchemaFault naming the place, like `schema.properties.price.minimum`
 */
export function readSchemaDocument(schema: unknown): SchemaDocument {
  if (!isWithin(schema, MAX_JSON_DEPTH)) {
    throw new SchemaFault('schema', `is nested deeper than ${MAX_JSON_DEPTH} levels`);
  }
  refuseExactNumbers(schema, 'schema');
  const text = JSON.stringify(schema) ?? '';
  if (Buffer.byteLength(text) > MAX_SCHEMA_BYTES) {
    throw new SchemaFault('schema', `is larger than ${MAX_SCHEMA_BYTES} bytes`);
  }
  return new Reader().readDocument(schema);
}

class Reader {
  private readonly nodes = new Map<string, SchemaNode>();
  private readonly refs: { from: SchemaNode; to: string; path: string }[] = [];

  readDocument(schema: unknown): SchemaDocument {
    const read = this.readSchema(schema, '', 'schema', 1);
    for (const { from, to, path } of this.refs) {
      if (!this.nodes.has(to)) throw new SchemaFault(path, 'points at no subschema of this document');
      from.inPlace.push(to);
    }
    return { schema: read, nodes: this.nodes };
  }

  private readSchema(schema: unknown, pointer: string, path: string, depth: number): Schema {
    if (typeof schema !== 'boolean' && !isObject(schema)) {
      throw new SchemaFault(path, 'must be a JSON Schema: an object, true or false');
    }
    if (this.nodes.size === MAX_SUBSCHEMAS) {
      throw new SchemaFault(path, `exceeds the limit of ${MAX_SUBSCHEMAS} subschemas`);
    }
    const node: SchemaNode = { pointer, inPlace: [], below: [], members: [] };
    this.nodes.set(pointer, node);
    if (typeof schema === 'boolean') return schema;
    const read: SchemaObject = {};
    for (const [keyword, value] of Object.entries(schema)) {
      const at = `${path}.${keyword.slice(0, 100)}`;
      const kind = kindOf(keyword, at, value, depth);
      if (kind !== 'ignored') read[keyword] = this.readKeyword(kind, keyword, value, node, at, depth);
    }
    return read;
  }

  private readKeyword(kind: Kind, keyword: string, value: unknown, node: SchemaNode, path: string, depth: number) {
    const pointer = `${node.pointer}/${keyword}`;
    const below = (part: string, schema: unknown, name: string | number) => {
      link(node, keyword, part);
      return this.readSchema(schema, part, `${path}.${String(name).slice(0, 100)}`, depth + 1);
    };
    switch (kind) {
      case 'schema':
        link(node, keyword, pointer);
        return this.readSchema(value, pointer, path, depth + 1);
      case 'list':
        if (!Array.isArray(value) || value.length === 0) {
          throw new SchemaFault(path, 'must be an array with at least one schema');
        }
        return value.map((schema: unknown, index) => below(`${pointer}/${index}`, schema, index));
      case 'map':
        if (!isObject(value)) throw new SchemaFault(path, 'must be an object of schemas');
        return mapOf(value, path, (name, schema) => {
          if (keyword === 'patternProperties') checkPattern(name, `${path}.${name.slice(0, 100)}`);
          return below(`${pointer}/${escapePointer(name)}`, schema, name);
        });
      case 'ref':
        return this.readRef(value, node, path);
      case 'value':
        return readValue(keyword, value, path);
      case 'ignored':
        return undefined;
    }
  }

  private readRef(ref: unknown, from: SchemaNode, path: string): string {
    if (typeof ref !== 'string' || !/^#(\/|$)/.test(ref)) {
      throw new SchemaFault(path, 'must point into this document, like #/$defs/price; nothing is fetched');
    }
    const to = decodePointer(ref.slice(1), path);
    this.refs.push({ from, to, path });
    return `#${to.split('/').map(encodeURIComponent).join('/')}`;
  }
}

function kindOf(keyword: string, path: string, value: unknown, depth: number): Kind {
  const kind = keyword.startsWith('x-') ? 'ignored' : KEYWORDS.get(keyword);
  if (kind === undefined) throw new SchemaFault(path, 'is not a supported keyword');
  if (keyword === '$id' && depth > 1) throw new SchemaFault(path, 'is supported at the top of the document only');
  if (keyword === '$schema' && !DIALECTS.has(value as string)) {
    throw new SchemaFault(path, 'must be https://json-schema.org/draft/2020-12/schema: no other draft is supported');
  }
  return kind;
}

function readValue(keyword: string, value: unknown, path: string): unknown {
  if (keyword === 'pattern') checkPattern(value, path);
  if (keyword === 'format' && !formatNames.has(value as string)) {
    throw new SchemaFault(path, `must be one of ${[...formatNames].join(', ')}`);
  }
  return value;
}

/** Each member meets one of the `properties`; a definition applies only where a `$ref` points to it. */
function link(node: SchemaNode, keyword: string, pointer: string): void {
  if (APART.has(keyword)) return;
  if (IN_PLACE.has(keyword)) node.inPlace.push(pointer);
  else if (keyword === 'properties') node.members.push(pointer);
  else node.below.push(pointer);
}

function mapOf(value: SchemaObject, path: string, read: (name: string, schema: unknown) => Schema): SchemaObject {
  const map: SchemaObject = {};
  for (const [name, schema] of Object.entries(value)) {
    const fault = textFault(name);
    if (fault !== null) throw new SchemaFault(path, `has a name that ${fault}`);
    // ajv silently ignores this name.
    if (name === '__proto__') throw new SchemaFault(`${path}.${name}`, 'cannot be checked; choose another name');
    map[name] = read(name, schema);
  }
  return map;
}

/** Payloads are compared with doubles, which would take two such numbers for one. */
function refuseExactNumbers(value: unknown, path: string): void {
  if (value instanceof ExactNumber) {
    throw new SchemaFault(path, 'is a number that cannot be compared exactly; use one of at most 15 digits');
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, part] of Object.entries(value)) refuseExactNumbers(part, `${path}.${name.slice(0, 100)}`);
}

/** Recursion ends at the bound: JSON.stringify would overflow the stack on a hostile document. */
function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isWithin(part, levels - 1));
}

function isObject(value: unknown): value is SchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const escapePointer = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

function decodePointer(fragment: string, path: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    throw new SchemaFault(path, 'has a % that is not followed by two hexadecimal digits');
  }
}
