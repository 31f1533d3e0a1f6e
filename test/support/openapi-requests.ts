import { mix, mulberry32, pick, type Random } from '../../src/events/sample-data/seeded-random.js';
import { EDGE_JSON, edgeForms, edgeParts } from './edge-values.js';
import type { RawRequest } from './raw-http.js';

export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  minimum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  allOf?: Schema[];
  oneOf?: Schema[];
}

interface Parameter {
  $ref?: string;
  in: 'query' | 'path' | 'header';
  name: string;
  required?: boolean;
  schema: Schema;
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; parameters: Record<string, Parameter> };
}

/** What exists on the server that is asked. */
export interface Known {
  /** Ids by the path below /api/v1 that has them, like `/keys/{id}`; those of the longest beginning are taken. */
  ids: Record<string, string>;
  cursors: string[];
}

/** Requests made of a document: each with one value at its edge, or with several. */
export class OpenApiRequests {
  private readonly made = new Map<Operation, string[]>();

  constructor(
    private readonly document: Document,
    private readonly known: Known,
  ) {
    const { parameters: shared } = document.components;
    for (const { operation } of this.operations()) {
      operation.parameters = (operation.parameters ?? []).map(
        (given) => shared[given.$ref?.split('/').at(-1) ?? ''] ?? given,
      );
    }
  }

  /** `count` of them, drawn by `seed`: most with one edge, because several hide each other. */
  draw(count: number, seed: number): RawRequest[] {
    const random = mulberry32(mix(seed, 1));
    const singles = shuffle(this.singles(), random);
    const mixed = Array.from({ length: Math.max(count - singles.length, Math.floor(count / 10)) }, () =>
      this.mixed(random),
    );
    return shuffle([...singles.slice(0, count - mixed.length), ...mixed], random);
  }

  /** Every operation × every place in it × every edge. */
  private singles(): RawRequest[] {
    return this.operations().flatMap(({ method, path, operation }) => {
      const made = (over: Parts) => this.request(method, path, operation, over);
      return [
        made({}),
        ...(operation.parameters ?? []).flatMap((parameter) =>
          this.edgesOf(parameter).map((edge) => made({ edges: new Map([[parameter, edge]]) })),
        ),
        ...(operation.parameters ?? [])
          .filter((parameter) => parameter.in === 'query')
          .flatMap(({ name }) => edgeForms(name).map((form) => made({ forms: [form] }))),
        ...this.bodies(operation).map((body) => made({ body })),
      ];
    });
  }

  private mixed(random: Random): RawRequest {
    const { method, path, operation } = pick(random, this.operations());
    const edges = new Map<Parameter, string>();
    for (const parameter of operation.parameters ?? []) {
      const goesElsewhere = parameter.name === 'X-Tenant-Id'; // most values end the request before all else
      if (!goesElsewhere && random() < 0.4) edges.set(parameter, pick(random, this.edgesOf(parameter)));
    }
    const bodies = this.bodies(operation);
    return this.request(method, path, operation, { edges, ...(bodies.length > 0 && { body: pick(random, bodies) }) });
  }

  private operations() {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
  }

  private edgesOf({ in: place, name, schema }: Parameter): string[] {
    const type = this.resolve(schema).type;
    const isTime = /^(?:from|to)(?:_date)?$|_at$/.test(name) && type !== 'number';
    const kind = isTime ? 'time' : name === 'tz' ? 'zone' : name === 'cursor' ? 'cursor' : 'text';
    const parts = edgeParts(kind, this.known.cursors);
    const choices = this.resolve(schema).enum ?? [];
    if (place === 'query') return [...parts, ...choices.map(String)];
    if (place === 'path') return parts.filter((part) => part !== '');
    return parts.map(decode).filter((text) => /^[\x20-\x7e]*$/.test(text) && text.length < 8_000);
  }

  /** Whole bodies and every member of a good body, replaced; the good one is the first. */
  private bodies(operation: Operation): string[] {
    let made = this.made.get(operation);
    if (made === undefined) this.made.set(operation, (made = this.makeBodies(operation)));
    return made;
  }

  private makeBodies(operation: Operation): string[] {
    const schema = operation.requestBody?.content['application/json']?.schema;
    if (schema === undefined) return [];
    const good = this.example(schema, 0);
    const inside = this.placesOf(schema, [], 0).flatMap((place) =>
      EDGE_JSON.map((edge) => replaced(good, place, edge)),
    );
    return [JSON.stringify(good), ...EDGE_JSON.filter((edge) => edge.length < 1_000), ...inside];
  }

  private placesOf(given: Schema, place: (string | number)[], depth: number): (string | number)[][] {
    const schema = this.resolve(given);
    if (depth > 4) return [];
    if (schema.items !== undefined) return [[...place, 0], ...this.placesOf(schema.items, [...place, 0], depth + 1)];
    return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => [
      [...place, name],
      ...this.placesOf(member, [...place, name], depth + 1),
    ]);
  }

  private example(given: Schema, depth: number): unknown {
    const schema = this.resolve(given);
    if (schema.example !== undefined) return schema.example;
    if (schema.default !== undefined) return schema.default;
    if (schema.enum !== undefined) return schema.enum[0];
    if (schema.type === 'array') return depth > 4 ? [] : [this.example(schema.items ?? {}, depth + 1)];
    if (schema.type === 'number' || schema.type === 'integer') return schema.minimum ?? 1;
    if (schema.type === 'boolean') return true;
    if (schema.type === 'string') return schema.format === 'date-time' ? new Date().toISOString() : 'a';
    const members = Object.entries(schema.properties ?? {}).filter(([name]) => schema.required?.includes(name));
    return Object.fromEntries(members.map(([name, member]) => [name, this.example(member, depth + 1)]));
  }

  private resolve(schema: Schema): Schema {
    const { $ref, allOf, oneOf } = schema;
    if ($ref !== undefined) return this.resolve(this.document.components.schemas[$ref.split('/').at(-1)!] ?? {});
    const inner = allOf?.[0] ?? oneOf?.[0];
    return inner === undefined ? schema : { ...schema, ...this.resolve(inner) };
  }

  private request(method: string, path: string, operation: Operation, parts: Parts): RawRequest {
    const { edges = new Map<Parameter, string>(), forms = [], body } = parts;
    const query: string[] = [...forms];
    const headers: Record<string, string> = {};
    let target = path;
    for (const parameter of operation.parameters ?? []) {
      const edge = edges.get(parameter);
      if (parameter.in === 'path')
        target = target.replace(`{${parameter.name}}`, edge ?? this.goodPart(path, parameter));
      else if (parameter.in === 'header' && edge !== undefined) headers[parameter.name] = edge;
      else if (edge !== undefined) query.push(`${parameter.name}=${edge}`);
      else if (parameter.required === true && forms.length === 0) query.push(`${parameter.name}=1`);
    }
    const json = body ?? (operation.requestBody === undefined ? undefined : this.bodies(operation)[0]);
    return {
      method,
      path: query.length === 0 ? target : `${target}?${query.join('&')}`,
      headers: { ...headers, ...(json === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(json === undefined ? {} : { body: Buffer.from(json) }),
    };
  }

  private goodPart(path: string, { name }: Parameter): string {
    const [, known] = Object.entries(this.known.ids)
      .filter(([beginning]) => path.startsWith(`/api/v1${beginning}`))
      .reduce(
        ([longest, id], [beginning, other]) => (beginning.length > longest.length ? [beginning, other] : [longest, id]),
        ['', ''],
      );
    return known === '' ? (name === 'num_events' ? '1' : 'a') : known;
  }
}

interface Parts {
  edges?: Map<Parameter, string>;
  /** Query parameters as they stand in the address. */
  forms?: string[];
  body?: string;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const TOKEN = '\u{1F3AF}';

/** `good` as JSON with the text `edge` at `place`. */
function replaced(good: unknown, [...place]: (string | number)[], edge: string): string {
  const last = place.pop()!; // a place has a name
  const copy = structuredClone(good);
  let inner = copy as Record<string | number, unknown>;
  for (const name of place) {
    if (typeof inner[name] !== 'object' || inner[name] === null) inner[name] = {};
    inner = inner[name] as Record<string | number, unknown>;
  }
  inner[last] = TOKEN;
  return JSON.stringify(copy).replace(`"${TOKEN}"`, () => edge);
}

function shuffle<T>(list: T[], random: Random): T[] {
  for (let n = list.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    [list[n], list[other]] = [list[other]!, list[n]!];
  }
  return list;
}
