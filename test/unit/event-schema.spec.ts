import { EventSchema } from '../../src/events/schemas/event-schema.js';

type Json = Record<string, unknown>;

const faults = (schema: unknown, payload: unknown) => EventSchema.compile(schema).faultsOf(JSON.stringify(payload));

function nested(levels: number, wrap: (inner: unknown) => unknown, inner: unknown = {}): unknown {
  for (let level = 0; level < levels; level++) inner = wrap(inner);
  return inner;
}

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
const members = (count: number, make: (index: number) => unknown): Json =>
  Object.fromEntries(many(count, (n) => [`m${n}`, make(n)]));

/** Each definition names the next one twice: 2^30 evaluations out of thirty lines. */
const laughs = {
  $defs: Object.fromEntries(
    many(30, (n) => [
      `d${n}`,
      n === 29 ? {} : { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] },
    ]),
  ),
  $ref: '#/$defs/d0',
};

const refused: [what: string, schema: unknown, path: string][] = [
  ['null', null, 'schema'],
  ['a number', 7, 'schema'],
  ['an array', [], 'schema'],
  ['a text', 'string', 'schema'],
  ['64 KiB', { description: 'x'.repeat(65_536) }, 'schema'],
  ['101 levels of schemas', nested(51, (inner) => ({ properties: { a: inner } })), 'schema'],
  ['20,000 levels of data', { const: nested(20_000, (inner) => [inner]) }, 'schema'],
  ['301 subschemas', { properties: members(301, () => ({})) }, 'schema.properties.m299'],
  ['a remote reference', { $ref: 'https://example.com/schema.json' }, 'schema.$ref'],
  ['a reference to a file', { $ref: 'file:///etc/passwd' }, 'schema.$ref'],
  ['a relative reference', { properties: { a: { $ref: 'other.json#/a' } } }, 'schema.properties.a.$ref'],
  ['a reference to a draft', { $ref: 'https://json-schema.org/draft/2020-12/schema' }, 'schema.$ref'],
  ['a reference that is no text', { $ref: { a: 1 } }, 'schema.$ref'],
  ['a reference to an anchor', { $ref: '#here', $defs: { a: {} } }, 'schema.$ref'],
  ['a reference to nothing', { $ref: '#/$defs/missing' }, 'schema.$ref'],
  ['a reference to a prototype', { $ref: '#/__proto__' }, 'schema.$ref'],
  ['a reference into data', { $ref: '#/const', const: { pattern: '(a+)+$' } }, 'schema.$ref'],
  ['a reference with a broken escape', { $ref: '#/%zz' }, 'schema.$ref'],
  ['a reference to itself', { $ref: '#' }, 'schema'],
  [
    'references in a circle',
    { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } },
    'schema.$defs.a',
  ],
  ['a circle through allOf', { allOf: [{ anyOf: [{ $ref: '#' }] }] }, 'schema'],
  ['a circle through not', { not: { $ref: '#' } }, 'schema'],
  ['references that double at one value', laughs, 'schema'],
  ['recursion that doubles', { anyOf: many(2, () => ({ properties: { a: { $ref: '#' } } })) }, 'schema'],
  ['recursion that doubles over two patterns', { patternProperties: { a: { $ref: '#' }, b: { $ref: '#' } } }, 'schema'],
  ['recursion that doubles over items', { items: { $ref: '#' }, contains: { $ref: '#' } }, 'schema'],
  ['201 alternatives', { anyOf: many(201, () => true) }, 'schema'],
  ['$dynamicRef', { $dynamicRef: '#a' }, 'schema.$dynamicRef'],
  ['$dynamicAnchor', { $dynamicAnchor: 'a' }, 'schema.$dynamicAnchor'],
  ['$anchor', { $defs: { a: { $anchor: 'a' } } }, 'schema.$defs.a.$anchor'],
  ['another base below the top', { $defs: { a: { $id: 'https://example.com/' } } }, 'schema.$defs.a.$id'],
  ['another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }, 'schema.$schema'],
  ['a vocabulary', { $vocabulary: {} }, 'schema.$vocabulary'],
  ['a misspelt keyword', { requird: ['a'] }, 'schema.requird'],
  ['keywords of ajv', { properties: { a: { instanceof: 'Function' } } }, 'schema.properties.a.instanceof'],
  ['$data', { properties: { a: { maximum: { $data: '1/b' } } } }, 'schema.properties.a.maximum'],
  ['$async', { $async: true }, 'schema.$async'],
  ['nullable of OpenAPI', { nullable: true }, 'schema.nullable'],
  [
    'a member called __proto__',
    JSON.parse('{"properties":{"__proto__":{"type":"string"}}}'),
    'schema.properties.__proto__',
  ],
  ['an unknown type', { type: 'strnig' }, 'schema.type'],
  ['a minimum that is no number', { minimum: 'many' }, 'schema.minimum'],
  ['a negative length', { maxLength: -1 }, 'schema.maxLength'],
  ['required that is no list', { required: 'name' }, 'schema.required'],
  ['properties that are no object', { properties: [] }, 'schema.properties'],
  ['an empty allOf', { allOf: [] }, 'schema.allOf'],
  ['a subschema that is no schema', { items: 3 }, 'schema.items'],
  ['an unknown format', { format: 'regex' }, 'schema.format'],
  ['a format that every object has', { format: 'constructor' }, 'schema.format'],
  ['a pattern that is no text', { pattern: 5 }, 'schema.pattern'],
  ['a broken pattern', { pattern: '(' }, 'schema.pattern'],
  ['a pattern with look-ahead', { pattern: '(?=a)b' }, 'schema.pattern'],
  ['a pattern with look-behind', { pattern: '(?<=a)b' }, 'schema.pattern'],
  ['a pattern with a back-reference', { pattern: '(a)\\1' }, 'schema.pattern'],
  ['a pattern with a named back-reference', { pattern: '(?<n>a)\\k<n>' }, 'schema.pattern'],
  ['a pattern with nested counts', { pattern: '(.{0,50}a){0,100}' }, 'schema.pattern'],
  ['a pattern with huge counts', { pattern: 'a{100000}' }, 'schema.pattern'],
  ['a pattern of 501 characters', { pattern: 'a'.repeat(501) }, 'schema.pattern'],
  ['a broken pattern for names', { patternProperties: { '(?=a)': {} } }, 'schema.patternProperties.(?=a)'],
  ['half a surrogate pair as a name', { properties: { '\ud800': {} } }, 'schema.properties'],
];

describe('a hostile schema', () => {
  it.each(refused)('is refused: %s', (_what, schema, path) => {
    let thrown: unknown;
    try {
      EventSchema.compile(schema);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ path, message: expect.stringMatching(/./) as string });
  });

  it('cannot smuggle code into what is compiled from it', () => {
    const evil = [
      `"]; globalThis.pwned = 1; //`,
      `'+(globalThis.pwned=1)+'`,
      '`${globalThis.pwned=1}`',
      '*/globalThis.pwned=1/*',
      '\u2028globalThis.pwned=1',
      '__proto__',
      'constructor',
    ];
    for (const name of evil) {
      const of = (value: unknown) => Object.fromEntries([[name, value]]);
      const schema = {
        properties: of({ const: name, enum: [name], description: name }),
        required: [name],
        dependentRequired: of([name]),
        patternProperties: { [name.replace(/[^\w ]/g, '\\$&')]: false },
        propertyNames: { enum: [name] },
        $defs: of({ type: 'string' }),
        anyOf: [{ $ref: `#/$defs/${encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))}` }, true],
      };
      try {
        EventSchema.compile(schema).faultsOf(JSON.stringify(of(1)));
      } catch (error) {
        expect(error).toMatchObject({ path: expect.stringContaining('schema') as string });
      }
    }
    expect((globalThis as Json)['pwned']).toBeUndefined();
    expect(({} as Json)['type']).toBeUndefined();
  });

  it('cannot hold up the process: patterns match in linear time', () => {
    const text = `${'a'.repeat(60_000)}!`;
    for (const pattern of [
      '^(a+)+$',
      '^(a|aa)+$',
      '^(a|a)*$',
      '^(.*)*$',
      '^([a-z]+)*[a-z]+$',
      '(x+x+)+y',
      '^(a?){30}a{30}$',
    ]) {
      expect(faults({ properties: { a: { pattern } } }, { a: text }).length).toBeLessThanOrEqual(1);
    }
  });

  it.each(['email', 'uri', 'uri-reference', 'hostname', 'date-time', 'duration', 'ipv6', 'json-pointer', 'uuid'])(
    'cannot hold up the process: no format reads a text of any length (%s)',
    (format) => {
      for (const part of ['a', 'a.', 'a@', 'a-', '/', '//a', ':', '1', '%41', '~0/', '2026-01-01T']) {
        expect(faults({ properties: { a: { format } } }, { a: part.repeat(20_000).slice(0, 60_000) })).toHaveLength(1);
      }
    },
  );

  it('cannot hold up the process: a check that takes long is cut off and fails the event', () => {
    const schema = {
      properties: { a: { items: { allOf: many(150, (n) => ({ enum: many(40, (m) => [n, m]) })) } } },
    };
    const [fault] = faults(
      { properties: { a: { items: { not: schema.properties.a.items } } } },
      { a: many(20_000, () => [1]) },
    );
    expect(fault === undefined || fault.path.startsWith('payload')).toBe(true);
  });

  it('gets at most 20 faults out of one event', () => {
    const schema = { properties: { a: { items: { type: 'string' } } } };
    expect(faults(schema, { a: many(1_000, (n) => n) })).toHaveLength(20);
  });
});

describe('EventSchema', () => {
  const order = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://example.com/order',
    title: 'Order',
    type: 'object',
    required: ['currency'],
    properties: {
      currency: { enum: ['EUR', 'USD'] },
      items: { type: 'array', items: { $ref: '#/$defs/item%20line' } },
      mail: { format: 'email' },
      code: { pattern: '^\\p{Lu}{2}-\\d+$' },
    },
    additionalProperties: false,
    $defs: {
      'item line': { type: 'object', required: ['price'], properties: { price: { type: 'number', minimum: 0 } } },
    },
    'x-owner': 'shop',
  };

  it('lets pass what fits', () => {
    expect(faults(order, { currency: 'EUR', items: [{ price: 1.5 }], mail: 'a@example.com', code: 'ÄB-12' })).toEqual(
      [],
    );
  });

  it('says all that is wrong, with paths into the payload', () => {
    const found = faults(order, { items: [{ price: '1' }, {}, { price: -1 }], mail: 'nobody', code: 'x', more: 1 });
    expect(found).toEqual(
      expect.arrayContaining([
        { path: 'payload.currency', message: 'is missing' },
        { path: 'payload.items.0.price', message: 'must be number' },
        { path: 'payload.items.1.price', message: 'is missing' },
        { path: 'payload.items.2.price', message: 'must be >= 0' },
        { path: 'payload.mail', message: 'must match format "email"' },
        { path: 'payload.code', message: expect.stringContaining('must match pattern') as string },
        { path: 'payload.more', message: 'is not a member the schema knows' },
      ]),
    );
    expect(found).toHaveLength(7);
  });

  it('names one fault of a large payload', () => {
    const found = faults(order, { items: many(1_000, () => ({ price: 'high' })), currency: 'EUR' });
    expect(found).toEqual([{ path: 'payload.items.0.price', message: 'must be number' }]);
  });

  it('does not take for members what every object inherits', () => {
    expect(faults({ required: ['toString'] }, {})).toHaveLength(1);
    expect(faults({ properties: { constructor: { type: 'string' } } }, {})).toEqual([]);
  });

  it('allows recursion that does not branch, and unions of many kinds', () => {
    const tree = { properties: { name: { type: 'string' }, children: { items: { $ref: '#' } } } };
    expect(faults(tree, { children: [{ children: [{ name: 1 }] }] })).toMatchObject([
      { path: 'payload.children.0.children.0.name' },
    ]);
    const union = {
      oneOf: many(60, (n) => ({ properties: { kind: { const: n }, value: { minimum: n } }, required: ['kind'] })),
    };
    expect(faults(union, { kind: 7, value: 8 })).toEqual([]);
    expect(faults(union, { kind: 7, value: 6 }).length).toBeGreaterThan(0);
  });

  it('knows equal items by their value', () => {
    const unique = { properties: { a: { uniqueItems: true } } };
    expect(
      faults(unique, {
        a: [
          { x: 1, y: [2] },
          { y: [2], x: 1 },
        ],
      }),
    ).toHaveLength(1);
    expect(faults(unique, { a: [1, '1', [1], { 0: 1 }, [[1]], null, 'null', false] })).toEqual([]);
    expect(faults(unique, { a: many(20_000, (n) => n) })).toEqual([]);
  });

  it('takes true and false for schemas', () => {
    expect(faults(true, { a: 1 })).toEqual([]);
    expect(faults(false, { a: 1 })).toHaveLength(1);
  });
});
