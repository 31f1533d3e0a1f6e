import { toMicroseconds } from '../../src/platform/time/time.js';
import { createHash, createHmac } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../../src/audit/transparency-log/canonical-json.js';
import {
  buildLeaf,
  CLEAR_FIELDS,
  commitment,
  leafHash,
  newSalts,
  PERSONAL_FIELDS,
  type PersonalField,
  saltOf,
  type SealableEntry,
} from '../../src/audit/transparency-log/leaf.js';
import { columnsOf } from '../support/audit-trail.js';

const entry: SealableEntry = {
  id: '01999999-0000-7000-8000-000000000001',
  tenant_id: '00000000-0000-7000-8000-000000000000',
  source: 'api',
  client_id: 'shop',
  key_id: null,
  action_type: 'UPDATE',
  resource_type: 'user',
  severity: 'INFO',
  status: null,
  functionality: null,
  event_type: null,
  store_id: 101,
  company_id: null,
  occurred_at: '2026-11-21T04:50:00.123000Z',
  created_at: '2026-11-21T04:50:00.456000Z',
  user_id: 'ada',
  session_id: null,
  ip_address: '192.0.2.7',
  user_agent: null,
  resource_id: 'ada',
  message: 'changed her address',
  idempotency_key: null,
  before_state: { city: 'Ulm', zip: '89073' },
  after_state: { zip: '10115', city: 'Berlin' },
  metadata: null,
};

describe('canonical JSON', () => {
  // the example of RFC 8785 §3.2.2, §3.2.3
  it('writes the example of RFC 8785 byte for byte', () => {
    const text = String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
      "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`;
    const expected = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`;
    expect(canonicalJson(JSON.parse(text) as JsonValue)).toBe(expected);
  });

  it('sorts members by UTF-16 code units', () => {
    const keys = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
    const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    const object = Object.fromEntries(keys.map((key) => [key, 0]));
    expect(Object.keys(JSON.parse(canonicalJson(object)) as object).filter((key) => key !== '1')).toEqual(
      sorted.filter((key) => key !== '1'),
    );
    expect(canonicalJson({ b: [1, { d: 1, c: -0 }], a: '' })).toBe('{"a":"","b":[1,{"c":0,"d":1}]}');
  });

  it('keeps a member named __proto__', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}') as JsonValue)).toBe('{"__proto__":{"a":1}}');
  });
});

class Money {
  amount = 1;
}
const cyclic: unknown[] = [];
cyclic.push(cyclic);

describe('canonical JSON of what JSON cannot say', () => {
  it.each([
    ['undefined', undefined, '$'],
    ['a member that is undefined', { a: { b: undefined } }, '$.a.b'],
    ['a function', { a: () => 1 }, '$.a'],
    ['a symbol', [Symbol('x')], '$[0]'],
    ['a member under a symbol', { a: { [Symbol('x')]: 1 } }, '$.a'],
    ['a hidden member', Object.defineProperty({}, 'a', { value: 1 }), '$'],
    ['a bigint', { a: [1n] }, '$.a[0]'],
    ['NaN', { a: NaN }, '$.a'],
    ['an infinite number', [[-Infinity]], '$[0][0]'],
    ['half of a surrogate pair', { a: 'x\ud800' }, '$.a'],
    ['half of a surrogate pair in a name', { ['\udc00']: 1 }, '$.\udc00'],
    ['an array with a hole', { a: [1, , 3] }, '$.a'], // eslint-disable-line no-sparse-arrays -- what it is about
    ['an array with a member', Object.assign([1], { more: 1 }), '$'],
    ['a Date', { at: new Date(0) }, '$.at'],
    ['what says itself how it is written', { a: { toJSON: () => 1 } }, '$.a'],
    ['a Map', { a: new Map() }, '$.a'],
    ['bytes', { a: Buffer.from('x') }, '$.a'],
    ['an object of a class', { a: new Money() }, '$.a'],
    ['a text object', { a: Object('x') as unknown }, '$.a'],
  ])('refuses %s, and says where', (_, value, path) => {
    const attempt = () => canonicalJson(value as JsonValue);
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(`${path} is `);
  });

  it('refuses a circle', () => {
    expect(() => canonicalJson(cyclic as JsonValue)).toThrow(RangeError);
  });
});

describe('leaf of an entry', () => {
  const saltFor = (field: PersonalField) => Buffer.alloc(16, PERSONAL_FIELDS.indexOf(field) + 1);
  const salts = Buffer.concat(PERSONAL_FIELDS.map(saltFor));
  const leafOf = (changed: Partial<SealableEntry> = {}, by: Buffer = salts) =>
    buildLeaf(columnsOf({ ...entry, ...changed }), by);

  it('holds clear fields as they are, personal ones as commitments, and no null', () => {
    const leaf = JSON.parse(leafOf().toString('utf8')) as Record<string, unknown>;
    const { commitments, v, kind, ...clear } = leaf;
    expect({ v, kind }).toEqual({ v: 2, kind: 'entry' });
    expect(clear).toEqual(
      Object.fromEntries(CLEAR_FIELDS.filter((field) => entry[field] !== null).map((field) => [field, entry[field]])),
    );
    expect(Object.keys(commitments as object)).toEqual(
      PERSONAL_FIELDS.filter((field) => entry[field] !== null).toSorted(),
    );
  });

  it('shows no personal value', () => {
    const text = leafOf({}, newSalts()).toString('utf8');
    for (const value of ['"ada', '192.0.2.7', 'changed her', '89073', 'Berlin']) expect(text).not.toContain(value);
  });

  it('commits as written down: HMAC-SHA256(salt of the field, field, NUL, value)', () => {
    const expected = createHmac('sha256', saltFor('user_id')).update(Buffer.from('user_id\0ada')).digest('base64url');
    expect(commitment(saltFor('user_id'), 'user_id', 'ada')).toBe(expected);
    const { commitments } = JSON.parse(leafOf({ before_state: { b: 1, a: [true] } }).toString()) as {
      commitments: Record<string, string>;
    };
    expect(commitments['user_id']).toBe(expected);
    expect(commitments['before_state']).toBe(
      createHmac('sha256', saltFor('before_state')).update('before_state\0{"a":[true],"b":1}').digest('base64url'),
    );
  });

  it('has a salt for each field that tells nothing of another, and none where it was erased', () => {
    const some = newSalts();
    const all = PERSONAL_FIELDS.map((field) => saltOf(some, field)!.toString('hex'));
    expect(new Set(all).size).toBe(PERSONAL_FIELDS.length);
    some.fill(0, 16, 32);
    expect(PERSONAL_FIELDS.filter((field) => saltOf(some, field) === null)).toEqual(['session_id']);
  });

  it('does not tell equal values of two fields or two entries', () => {
    const [one, other] = [saltOf(newSalts(), 'user_id')!, saltOf(newSalts(), 'user_id')!];
    expect(commitment(one, 'user_id', 'ada')).not.toBe(commitment(one, 'resource_id', 'ada'));
    expect(commitment(one, 'user_id', 'ada')).not.toBe(commitment(other, 'user_id', 'ada'));
  });

  it('is the same whatever order the members of a state come back in', () => {
    expect(leafOf({ before_state: { zip: '89073', city: 'Ulm' } })).toEqual(leafOf());
  });

  it.each([...CLEAR_FIELDS, ...PERSONAL_FIELDS])('changes with %s', (field) => {
    const other = {
      ...{ id: entry.tenant_id, tenant_id: entry.id, key_id: entry.id, store_id: 7, company_id: 7 },
      ...{ occurred_at: '2026-11-21T04:50:00.124000Z', created_at: '2026-11-21T04:50:00.457000Z' },
    };
    expect(leafOf({ [field]: (other as Record<string, unknown>)[field] ?? 'x' })).not.toEqual(leafOf());
  });

  it.each([
    ['half of a surrogate pair', { message: '\ud800' }],
    ['what is no time', { occurred_at: 'no time' }],
    ['a number of more than 53 bits', { store_id: 2 ** 60 }],
  ])('cannot be made of %s, which would not be read back as it is', (_, changed) => {
    expect(() => leafOf(changed)).toThrow(TypeError);
  });

  it('is hashed with the prefix 0x00', () => {
    expect(leafHash(Buffer.from('L123456')).toString('hex')).toBe(
      createHash('sha256').update('\0L123456').digest('hex'),
    );
  });

  it('writes times with six digits', () => {
    expect(toMicroseconds(Date.UTC(2026, 10, 21, 4, 50, 0, 123))).toBe('2026-11-21T04:50:00.123000Z');
  });
});
