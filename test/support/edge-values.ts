/** Values at the edges of what routes take, and beyond. */

const long = (length: number, text = 'x') => text.repeat(length);

/** Instants that one of RFC 3339, JavaScript and PostgreSQL has not, or writes in another way. */
export const EDGE_TIMES = [
  ...['0000-01-01T00:00:00Z', '0000-12-31T23:59:59.999999999Z', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00+14:00'],
  ...['1582-10-10T00:00:00Z', '1899-12-31T00:00:00Z', '1969-12-31T23:59:59.999Z', '1970-01-01T00:00:00Z'],
  ...['1999-12-31T23:59:59Z', '2000-01-01T00:00:00Z', '2023-02-29T00:00:00Z', '2026-02-30T00:00:00Z'],
  ...['2100-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-00-10T00:00:00Z', '2026-13-01T00:00:00Z'],
  ...['2026-01-00T00:00:00Z', '2026-01-32T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T23:59:60Z'],
  ...['2026-01-01T00:60:00Z', '2026-01-01T00:00:00.1234567890Z', '2026-01-01T00:00:00.Z', '2026-01-01T00:00:00-00:00'],
  ...['2026-01-01T00:00:00+14:00', '2026-01-01T00:00:00+23:59', '2026-01-01T00:00:00-23:59'],
  ...[
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+99:99',
    '2026-01-01T00:00:00+14:60',
    '2026-01-01T00:00:00+0200',
  ],
  ...['2026-01-01t00:00:00z', '2026-01-01 00:00:00Z', '2026-01-01T00:00:00', '2026-01-01', '2026-W01-1', '2026-001'],
  ...['2999-12-31T23:59:59Z', '3000-01-01T00:00:00Z', '9999-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z'],
  ...['9999-12-31T23:59:59-23:59', '10000-01-01T00:00:00Z', '+010000-01-01T00:00:00Z', '-000001-01-01T00:00:00Z'],
  ...['+275760-09-13T00:00:00Z', '294276-12-31T00:00:00Z', '4713-01-01 BC', 'infinity', '-infinity', 'epoch', 'now'],
  ...['today', 'allballs', '1700000000', '1700000000000', '-1', '1e15'],
];

const EDGE_ZONES = [
  ...['Mars/Olympus', '+25:00', '+02:00', 'UTC+1', 'Etc/GMT+12', 'Etc/GMT-14', 'europe/berlin', 'EST5EDT', 'Factory'],
  ...['posixrules', 'localtime', 'right/UTC', 'posix/UTC', 'UCT', 'GMT0', 'Africa/Monrovia', 'Australia/Lord_Howe'],
  ...['Pacific/Apia', 'America/Argentina/ComodRivadavia', 'Asia/Calcutta', 'SystemV/AST4', "UTC'--", 'UTC/../UTC'],
];

const EDGE_NUMBERS = [
  ...[
    '0',
    '-0',
    '-1',
    '1',
    '2',
    '01',
    '1.5',
    '1e3',
    '1e309',
    '-1e309',
    '1e-400',
    '0x10',
    '1_000',
    '１',
    '٣',
    '1000',
    '1001',
  ],
  ...['2147483647', '2147483648', '9007199254740991', '9007199254740993', '999999999999999', '-999999999999999'],
  ...['9223372036854775807', '9223372036854775808', long(30, '9'), long(400, '9'), 'NaN', 'Infinity', '-Infinity'],
];

const EDGE_TEXTS = [
  ...[
    '',
    ' ',
    '\t',
    '\n',
    'null',
    'undefined',
    'true',
    'false',
    '[]',
    '{}',
    '{"a":1}',
    '"',
    "'",
    "';--",
    '\\',
    '%',
    '_',
  ],
  ...[
    'a',
    'a b',
    '*',
    '-',
    '-a',
    '"a b',
    'a*',
    '!',
    '&',
    '|',
    '(',
    ')',
    "'a':*",
    ':',
    '<->',
    'a & | b',
    '..',
    '../..',
    '/',
  ],
  ...['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'a.b', 'a[0]', '$where', '${1}', '{{1}}', '%s%n'],
  ...[
    '\u0000',
    'a\u0000b',
    '\u0001',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u202e',
    '\ufeff',
    '\uffff',
    '\u{10ffff}',
    'é',
    'é',
  ],
  ...['ß', 'İ', 'ﬀ', '😀', '\u0301', long(255), long(256), long(255, '😀'), long(256, '😀'), long(1_025), long(3_000)],
  ...[
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '019b0000-0000-7000-8000-000000000000',
  ],
  ...[
    '019B0000-0000-7000-8000-000000000000',
    '{019b0000-0000-7000-8000-000000000000}',
    '019b00000000700080000000000000000',
  ],
];

/** As they stand in an address, not encoded any further: escapes that are none, and a plus, which means a space. */
const EDGE_ESCAPES = [
  '%',
  '%0',
  '%zz',
  '%00',
  '%ff%fe',
  '%C0%AF',
  '%ED%A0%80',
  '%F4%90%80%80',
  '%E0%A4%A',
  '+',
  'a+b',
  '%2B',
];
const EDGE_QUERY_TIMES = ['2026-01-01T00:00:00+02:00', '2026-01-01T00:00:00%2B02:00', '2026-01-01T00%3A00%3A00Z'];

const encode = (texts: readonly string[]) => texts.map((text) => encodeURIComponent(text));

/** Parts of an address, encoded. */
export function edgeParts(kind: 'time' | 'zone' | 'number' | 'cursor' | 'text', cursors: readonly string[]): string[] {
  return [
    ...encode([...EDGE_TEXTS, ...EDGE_NUMBERS]),
    ...EDGE_ESCAPES,
    ...(kind === 'time' ? [...encode(EDGE_TIMES), ...EDGE_QUERY_TIMES] : []),
    ...(kind === 'zone' ? encode(EDGE_ZONES) : []),
    ...(kind === 'cursor' ? encode(cursors) : []),
  ];
}

/** Ways to give a parameter that are not `name=value`. */
export const edgeForms = (name: string): string[] => [
  ...[name, `${name}=`, `${name}=1&${name}=2`, `${name}=&${name}=`, `${name}[]=1`, `${name}[]=1&${name}[]=2`],
  ...[`${name}[b]=c`, `${name}%5Bb%5D=c`, `${name}[b][c]=d`, `${name}[__proto__]=1`, `${name}.b=c`, `${name}%00=1`],
  ...[`${name.toUpperCase()}=1`, `${name}=1;${name}=2`, `&&${name}=1&&`, `=${name}`, `?${name}=1`],
];

const deep = (levels: number, open: string, close: string) => `${open.repeat(levels)}1${close.repeat(levels)}`;

/** JSON texts. */
export const EDGE_JSON = [
  ...['null', 'true', 'false', '[]', '{}', '[null]', '[[]]', '[{}]', '{"a":1}', '{"a":{"b":1}}', '{"":1}', '["a","a"]'],
  ...['{"__proto__":{"a":1}}', '{"constructor":{"prototype":{}}}', '{"a":1,"a":2}', '{"toString":1}', '{"length":-1}'],
  ...EDGE_NUMBERS.filter((text) => /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e-?\d+)?$/.test(text)),
  ...[...EDGE_TEXTS, ...EDGE_TIMES, ...EDGE_NUMBERS, 'Mars/Olympus', 'America/Chicago'].map((text) =>
    JSON.stringify(text),
  ),
  ...['"\\ud800"', '"\\udc00a"', JSON.stringify(long(70_000)), deep(40, '[', ']'), deep(40, '{"a":', '}')],
  ...[`[${Array.from({ length: 1_001 }, () => '1').join(',')}]`],
  ...[`{${Array.from({ length: 1_001 }, (_, n) => `"k${n}":1`).join(',')}}`],
];

/** Cursors that look like those of a list and are none; `real` are some. */
export function forgedCursors(real: readonly string[]): string[] {
  const encoded = (text: string) => Buffer.from(text, 'latin1').toString('base64url');
  const id = '019b0000-0000-7000-8000-000000000000';
  const micros = (time: string) => time.replace(/(?:\.\d*)?(?:Z|[+-]\d\d:?\d\d)$/, '.000000Z');
  const times = [...EDGE_TIMES.map(micros), ...EDGE_NUMBERS, '8640000000000001', '253402300800000', '-62167219200001'];
  return [
    ...times.flatMap((time) => [encoded(`${time} ${id}`), encoded(`${time} ${id} `)]),
    ...[id, id.toUpperCase(), `${id} `, `${id}\0`, '', '\0', `\0 ${id}`, '{}', 'null', '__proto__'].map(encoded),
    ...real.flatMap((cursor) => [
      cursor,
      `${cursor}=`,
      cursor.slice(1),
      cursor.slice(0, -1),
      `${cursor}A`,
      cursor + cursor,
    ]),
  ];
}
