/** What a value of an event can be that breaks stores, parsers and patience: each as JSON text, because much of it cannot be a value. */
export interface Poison {
  name: string;
  json: string;
}

const text = (name: string, value: string): Poison => ({ name, json: JSON.stringify(value) });
const raw = (name: string, json: string): Poison => ({ name, json });
const nested = (open: string, inner: string, close: string, levels: number) =>
  open.repeat(levels) + inner + close.repeat(levels);
const keys = (count: number) => `{${Array.from({ length: count }, (_, n) => `"k${n}":${n}`).join(',')}}`;

const UNSTORABLE: Poison[] = [
  raw('NUL', '"\\u0000"'),
  raw('NUL in the middle', '"a\\u0000b"'),
  raw('high surrogate', '"\\ud800"'),
  raw('low surrogate', '"x\\udc00"'),
  raw('surrogates the wrong way round', '"\\udc00\\ud800"'),
];

export const WRONG_TYPES: Poison[] = [
  raw('number', '1'),
  raw('Infinity', '1e400'),
  raw('true', 'true'),
  raw('array', '["a"]'),
  raw('object', '{"toString":"a"}'),
  raw('prototype', '{"__proto__":{"length":1}}'),
];

export const BAD_TEXTS: Poison[] = [
  ...UNSTORABLE,
  ...WRONG_TYPES,
  text('empty', ''),
  text('256 characters', 'x'.repeat(256)),
  text('256 emoji', '🙂'.repeat(256)),
  text('10,000 characters', 'x'.repeat(10_000)),
];

export const GOOD_TEXTS: Poison[] = [
  text('255 characters', 'x'.repeat(255)),
  text('255 emoji', '🙂'.repeat(255)),
  text('BOM', '\ufeff'),
  text('__proto__', '__proto__'),
  text('constructor', 'constructor'),
  text('SQL', `'; drop table events; --`),
  text('a control character', '\u0001'),
];

export const BAD_TIMES: Poison[] = [
  ...WRONG_TYPES,
  raw('NUL', '"2026-01-01T00:00:00Z\\u0000"'),
  ...[
    ...['', 'now', 'infinity', '-infinity', 'epoch', '2026-01-01', '2026-01-01T00:00:00', '1767225600'],
    ...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '10000-01-01T00:00:00Z'],
    ...['2016-12-31T23:59:60Z', '2026-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-01T24:00:00Z'],
    ...['2026-01-01T00:60:00Z', '2026-01-01T00:00:00+24:00', '2026-01-01T00:00:00+99:99', '1999-12-31T23:59:59Z'],
    ...['-271821-04-20T00:00:00Z', ' 2026-01-01T00:00:00Z', '٢٠٢٦-01-01T00:00:00Z', '2100-01-01T00:00:00Z'],
  ].map((time) => text(time === '' ? 'empty' : time, time)),
  text('10,000 digits', '1'.repeat(10_000)),
];

/** Bad wherever they stand in a payload. */
export const BAD_VALUES: Poison[] = [
  ...UNSTORABLE,
  raw('1e400', '1e400'),
  raw('-1e400', '-1e400'),
  raw('key with NUL', '{"\\u0000":1}'),
  raw('key with half a surrogate', '{"\\ud800":1}'),
  raw('33 arrays', nested('[', '', ']', 33)),
  raw('33 objects', nested('{"a":', '1', '}', 33)),
  raw('5,000 arrays', nested('[', '', ']', 5_000)),
  raw('5,000 objects', nested('{"a":', '1', '}', 5_000)),
  raw('100,000 arrays', nested('[', '', ']', 100_000)),
  raw('1,001 keys', keys(1_001)),
  raw('20,000 keys', keys(20_000)),
  text('65,537 bytes', 'x'.repeat(65_537)),
];

export const GOOD_VALUES: Poison[] = [
  raw('-0', '-0'),
  raw('2^53+1', '9007199254740993'),
  raw('5e-324', '5e-324'),
  raw('1e-400', '1e-400'),
  raw('a surrogate pair', '"\\ud83d\\ude00"'),
  text('BOM', '\ufeff'),
  raw('__proto__', '{"__proto__":{"polluted":1}}'),
  raw('constructor', '{"constructor":{"prototype":{"polluted":1}}}'),
  raw('prototype', '{"prototype":{"polluted":1}}'),
  raw('duplicate keys', '{"a":1,"a":2}'),
  raw('an empty key', '{"":1}'),
  raw('28 arrays', nested('[', '', ']', 28)),
  raw('990 keys', keys(990)),
];

/** Where in a payload a value can stand, and the path of what stands there. */
export const PLACES: { name: string; json: (value: string) => string; path: string }[] = [
  { name: 'top', json: (value) => `{"p":${value}}`, path: 'payload.p' },
  { name: 'nested', json: (value) => `{"a":{"b":${value}}}`, path: 'payload.a.b' },
  { name: 'array', json: (value) => `{"a":[1,${value}]}`, path: 'payload.a[1]' },
];

/** One event as JSON text, with members over those it needs. */
export function eventJson(members: Record<string, string>): string {
  const all = { event_type: '"bad-input"', ...members };
  return `{${Object.entries(all)
    .map(([name, json]) => `"${name}":${json}`)
    .join(',')}}`;
}
