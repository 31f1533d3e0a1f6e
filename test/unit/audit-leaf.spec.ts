import { createHash, createHmac } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../../src/audit/proofs/canonical-json.js';
import {
  buildLeaf,
  CLEAR_FIELDS,
  commitment,
  leafHash,
  microseconds,
  newSalt,
  PERSONAL_FIELDS,
  type SealableEntry,
} from '../../src/audit/proofs/leaf.js';

const entry: SealableEntry = {
  id: '01999999-0000-7000-8000-000000000001',
  tenant_id: '00000000-0000-7000-8000-000000000000',
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

describe('leaf of an entry', () => {
  const salt = Buffer.alloc(32, 7);

  it('holds clear fields as they are, personal ones as commitments, and no null', () => {
    const leaf = JSON.parse(buildLeaf(entry, salt).toString('utf8')) as Record<string, unknown>;
    const { commitments, v, kind, ...clear } = leaf;
    expect({ v, kind }).toEqual({ v: 1, kind: 'entry' });
    expect(clear).toEqual(
      Object.fromEntries(CLEAR_FIELDS.filter((field) => entry[field] !== null).map((field) => [field, entry[field]])),
    );
    expect(Object.keys(commitments as object)).toEqual(
      PERSONAL_FIELDS.filter((field) => entry[field] !== null).toSorted(),
    );
  });

  it('shows no personal value', () => {
    const text = buildLeaf(entry, newSalt()).toString('utf8');
    for (const value of ['"ada', '192.0.2.7', 'changed her', '89073', 'Berlin']) expect(text).not.toContain(value);
  });

  it('commits as written down: HMAC-SHA256(salt, field, NUL, value)', () => {
    const expected = createHmac('sha256', salt).update(Buffer.from('user_id\0ada')).digest('base64url');
    expect(commitment(salt, 'user_id', 'ada')).toBe(expected);
    expect(commitment(salt, 'before_state', { b: 1, a: [true] })).toBe(
      createHmac('sha256', salt).update('before_state\0{"a":[true],"b":1}').digest('base64url'),
    );
  });

  it('does not tell equal values of two fields or two entries', () => {
    expect(commitment(salt, 'user_id', 'ada')).not.toBe(commitment(salt, 'resource_id', 'ada'));
    expect(commitment(newSalt(), 'user_id', 'ada')).not.toBe(commitment(newSalt(), 'user_id', 'ada'));
  });

  it('is the same whatever order the members of a state come back in', () => {
    const turned = { ...entry, before_state: { zip: '89073', city: 'Ulm' } };
    expect(buildLeaf(turned, salt)).toEqual(buildLeaf(entry, salt));
  });

  it.each([...CLEAR_FIELDS, ...PERSONAL_FIELDS])('changes with %s', (field) => {
    const changed = { ...entry, [field]: entry[field] === null ? 'x' : null };
    expect(buildLeaf(changed, salt)).not.toEqual(buildLeaf(entry, salt));
  });

  it('is hashed with the prefix 0x00', () => {
    expect(leafHash(Buffer.from('L123456')).toString('hex')).toBe(
      createHash('sha256').update('\0L123456').digest('hex'),
    );
  });

  it('writes times with six digits', () => {
    expect(microseconds(Date.UTC(2026, 10, 21, 4, 50, 0, 123))).toBe('2026-11-21T04:50:00.123000Z');
  });
});
