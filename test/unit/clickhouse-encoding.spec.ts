import {
  decodeValue,
  encodeValue,
  flattenProperties,
  MAX_PATH_PARTS,
  pathOf,
} from '../../src/platform/clickhouse/property-encoding.js';
import { readJson, writeJson } from '../../src/platform/json/json-text.js';
import { mulberry32 } from '../../src/events/sample-data/seeded-random.js';

const bytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const encoded = (json: string) => encodeValue(readJson(json));

describe('properties for ClickHouse', () => {
  it.each([
    ['1', '1.0'],
    ['100', '1e2'],
    ['-0', '0'],
    ['0.5', '5E-1'],
    ['1498392753700442113', '1498392753700442113.0'],
    ['{"b":1,"aa":2.0}', '{"aa":2,"b":1.0}'],
    ['[1.50,{"x":-0.10}]', '[1.5,{"x":-0.1}]'],
    ['"\\u0041"', '"A"'],
  ])('%s and %s are one value', (a, b) => expect(encoded(a)).toBe(encoded(b)));

  it.each([
    ['1', '"1"'],
    ['1498392753700442113', '1498392753700442114'],
    ['1e16', '10000000000000001'],
    ['null', '"null"'],
    ['true', '"true"'],
    ['[1,2]', '[2,1]'],
    ['"a"', '"A"'],
    ['{}', '[]'],
  ])('%s and %s are two', (a, b) => expect(encoded(a)).not.toBe(encoded(b)));

  it('numbers have the order of their bytes, and all their digits', () => {
    const random = mulberry32(7);
    const digits = () =>
      String(Math.floor(random() * 1e9)) + (random() < 0.3 ? String(Math.floor(random() * 1e15)) : '');
    const scaled = Array.from({ length: 600 }, () => {
      const value = BigInt(digits()) * (random() < 0.5 ? -1n : 1n);
      const scale = Math.floor(random() * 30);
      return { text: `${value}e-${scale}`, size: value * 10n ** BigInt(30 - scale) };
    });
    const known = [
      ...scaled,
      { text: '0', size: 0n },
      { text: '1e300', size: 10n ** 330n },
      { text: '-1e300', size: -(10n ** 330n) },
    ];
    const bySize = [...known].sort((a, b) => (a.size < b.size ? -1 : a.size > b.size ? 1 : 0)).map(({ size }) => size);
    const byText = [...known].sort((a, b) => bytes(encoded(a.text), encoded(b.text))).map(({ size }) => size);
    expect(byText).toEqual(bySize);
    expect(encoded('-12.30')).toMatch(/ -12\.3$/);
    expect(encoded('0.00012')).toMatch(/ 0\.00012$/);
    expect(encoded('1e20')).toMatch(/ 100000000000000000000$/);
  });

  it('values come back, objects as jsonb prints them', () => {
    for (const json of [
      '"ü\\n"',
      '-0.001',
      '1498392753700442113',
      'true',
      'false',
      'null',
      '[1,"a"]',
      '{"a":{"b":[]}}',
    ])
      expect(writeJson(decodeValue(encoded(json)))).toBe(writeJson(readJson(json)));
    expect(encoded('{"bb":1,"a":"\\u0001\\"","c":[true,null]}')).toBe(
      'o{"a": "\\u0001\\"", "c": [true, null], "bb": 1}',
    );
  });

  it('members of nested objects have paths, to a depth, with nothing in them that SQL knows', () => {
    expect(flattenProperties({ plan: 'pro', data: { 'a.b': 1, '': { x: null } }, items: [{ sku: 1 }] })).toEqual({
      '/plan': 'spro',
      '/data': 'o{"": {"x": null}, "a.b": 1}',
      '/data/a%2eb': encodeValue(1),
      '/data/': 'o{"x": null}',
      '/data//x': 'z',
      '/items': 'a[{"sku": 1}]',
    });
    expect(pathOf(['a.b'])).not.toBe(pathOf(['a', 'b']));
    expect(pathOf(['ü`"\\/'])).toBe('/%c3%bc%60%22%5c%2f');
    const deep = readJson('{"a":'.repeat(20) + '1' + '}'.repeat(20)) as Record<string, unknown>;
    expect(Object.keys(flattenProperties(deep))).toHaveLength(MAX_PATH_PARTS);
    const own = readJson('{"__proto__":{"constructor":1}}') as Record<string, unknown>;
    expect(Object.keys(flattenProperties(own))).toEqual(['/__proto__', '/__proto__/constructor']);
  });
});
