import { type Random, pick } from '../../src/events/sample-data/seeded-random.js';

/** User ids that are also words of JSON, of the API, of patterns, and parts of each other. */
export const NASTY_NAMES = [
  ...[
    '7',
    '0',
    '-1',
    '77',
    '1.5',
    '007',
    '1',
    '4711',
    'id',
    'name',
    'true',
    'false',
    'null',
    'user',
    'users',
    'user_id',
    'payload',
  ],
  ...[
    'a',
    'e',
    ' ',
    '  ',
    ': ',
    '": "',
    '"',
    '""',
    '\\',
    '\\\\',
    '\\"',
    '%',
    '%25',
    '_',
    '*',
    '.',
    '.*',
    '$',
    '$.**',
    '^a',
    '{}',
    '[]',
  ],
  ...[
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '/',
    '//',
    '?',
    '#',
    '&',
    '\n',
    '\t',
    '\u00e9',
    '\u{1f600}',
    'e\u0301',
    '[erased]',
    '[redacted]',
  ],
  ...[
    'a@b.c',
    'A@B.C',
    'a@b.cc',
    'x@a@b.c',
    'events',
    'event',
    'api',
    'v1',
    'session',
    'shop',
    'login',
    'track',
    'anonymousId',
    'view',
  ],
  ...[
    'undefined',
    'NaN',
    'admin',
    'UPDATE',
    'order',
    'approved',
    'Invoice',
    'invoice 7',
    "o'neil",
    "'; drop table events; --",
    '\u0001x',
  ],
  ...[
    'anon',
    'anon-1',
    '00000000-0000-0000-0000-000000000000',
    'constructor',
    '__proto__',
    'toString',
    'ids',
    'me',
    'I',
    'n',
  ],
];

/** Of any names a payload with them as values, keys, parts of texts and numbers. */
export function nastyPayload(random: Random, names: readonly string[]): Record<string, unknown> {
  const name = () => pick(random, names);
  const value = (depth: number): unknown => {
    switch (Math.floor(random() * 8)) {
      case 0:
        return name();
      case 1:
        return `Invoice ${name()} approved`;
      case 2:
        return Math.floor(random() * 100);
      case 3:
        return pick(random, [true, false, null, 1.5, -1]);
      case 4:
        return depth > 2 ? [] : [value(depth + 1), name(), value(depth + 1)];
      case 5:
        return depth > 2 ? {} : { [name()]: value(depth + 1), kept: 'yes' };
      case 6:
        return name().toUpperCase();
      default:
        return { quantity: name(), user_id: pick(random, [7, 0, 4711, name()]) };
    }
  };
  const entries = Array.from({ length: 2 }, () => [name(), value(0)] as const);
  return Object.fromEntries(entries.filter(([key]) => !['__proto__', 'anonymousId'].includes(key)));
}
