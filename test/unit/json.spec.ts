import { parseJson, Unread } from '../../src/platform/http/body/json.js';
import { findMemberText } from '../../src/platform/http/body/json-scan.js';
import { checkPayload } from '../../src/platform/http/body/payload-check.js';
import { readJson, writeJson } from '../../src/platform/json/json-text.js';
import { canonicalJson, type JsonValue } from '../../src/audit/transparency-log/canonical-json.js';
import { Problem } from '../../src/platform/http/problem.js';

/** Numbers that are the same in each run (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const TEXTS = ['', 'a', '"', '\\', '\\"', '[', ']', '{"a":[', ',', ':', 'ü', '🙂', '\u2028', '\n', '__proto__', '1'];
const SPACES = ['', '', '', ' ', '\n\t', '\r\n '];

/** JSON of any kind, with white space in any place. */
class Writer {
  constructor(private readonly random: () => number) {}

  value(levels: number): string {
    const kind = this.below(levels > 0 ? 7 : 5);
    if (kind === 0) return this.spaced(String(Math.round(this.random() * 1e6) / 8));
    if (kind === 1) return this.spaced(['true', 'false', 'null', '-0', '1e5', '0.5E-3'][this.below(6)]!);
    if (kind < 5) return this.spaced(this.text());
    return kind === 5 ? this.array(this.below(4), levels) : this.object(this.below(4), levels);
  }

  array(length: number, levels: number): string {
    return this.spaced(`[${this.space()}${Array.from({ length }, () => this.value(levels - 1)).join(',')}]`);
  }

  object(length: number, levels: number): string {
    const members = Array.from({ length }, () => `${this.spaced(this.text())}:${this.value(levels - 1)}`);
    return this.spaced(`{${this.space()}${members.join(',')}}`);
  }

  below = (limit: number) => Math.floor(this.random() * limit);
  private text = () => JSON.stringify(TEXTS[this.below(TEXTS.length)]!);
  private space = () => SPACES[this.below(SPACES.length)]!;
  private spaced = (text: string) => `${this.space()}${text}${this.space()}`;
}

const outcomeOf = async (bytes: Buffer): Promise<unknown> => {
  try {
    return JSON.stringify(await parseJson(bytes));
  } catch (error) {
    if (error instanceof Problem) return error.status;
    throw error;
  }
};

/** Too many values for one go, so that it is taken apart. */
const FILLER = Array.from({ length: 9_000 }, () => '[1,2,3,4,5]').join(',');

describe('JSON of a body', () => {
  it('that is taken apart is the same as in one go, and as wrong', async () => {
    const random = seeded(7);
    const writer = new Writer(random);
    for (let n = 0; n < 20; n++) {
      const array = `[${FILLER},${writer.array(3, 4)}, ${writer.value(3)}]`;
      const members = Array.from({ length: 4 }, () => `"${TEXTS[1 + writer.below(1)]}${n % 3}":${writer.value(4)}`);
      const whole =
        n % 4 === 0 ? array : `{${members.join(',')},"events" : ${array}, "__proto__": [${writer.value(2)}]}`;
      expect(await outcomeOf(Buffer.from(whole))).toBe(outcomeOfParse(whole));
      const at = writer.below(whole.length);
      const broken = [
        whole.slice(0, at) + ['}', ']', ',', '"', '[', ':', 'x'][writer.below(7)]! + whole.slice(at),
        whole.slice(0, at) + whole.slice(at + 1),
        whole.slice(0, at),
      ];
      for (const text of broken) {
        const expected = outcomeOfParse(text);
        const outcome = await outcomeOf(Buffer.from(text));
        if (expected === 400) expect([400, 413]).toContain(outcome);
        else expect(outcome).toBe(expected);
      }
    }
  }, 60_000);

  it('keeps the last of two members of one name, and __proto__ as a member', async () => {
    const text = `{"a":[${FILLER}],"a":[1],"__proto__":[{"polluted":1}]}`;
    const parsed = (await parseJson(Buffer.from(text))) as Record<string, unknown>;
    expect(parsed['a']).toEqual([1]);
    expect(Object.keys(parsed)).toEqual(['a', '__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('is refused where it would take too long, one element alone where it can be', async () => {
    const values = (count: number) => `[${'1,'.repeat(count)}1]`;
    const names = Array.from({ length: 20_001 }, (_, n) => `"k${n}":1`).join(',');
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const batch = `{"events":[{"ok":1},{"x":1,"payload":{"a":${values(40_000)}}},{"payload":{${names}}},{"d":${deep(130)}},2]}`;
    expect(await parseJson(Buffer.from(batch))).toEqual({
      events: [
        { ok: 1 },
        new Unread({ path: 'payload', message: 'has more than 40000 values' }),
        new Unread({ path: 'payload', message: 'has more than 20000 names' }),
        new Unread({ path: 'd', message: 'is nested deeper than 128 levels' }),
        2,
      ],
    });
    for (const [text, status, said] of [
      [`{"type":"x","payload":{"a":${values(40_000)}}}`, 400, 'payload has more than 40000 values.'],
      [`{"payload":{"a":${deep(5_000)}}}`, 400, 'payload is nested deeper than 128 levels.'],
      [`{"a":${values(500_000)}}`, 413, 'The body has an array of more than 10000 elements; send less per request.'],
      [`{"a":[${Array(20).fill(values(30_000)).join(',')}]}`, 413, 'more than 500000 values'],
      [`{${Array.from({ length: 41_000 }, (_, n) => `"k${n}":[]`).join(',')}}`, 413, 'more than 1000 arrays'],
      ['['.repeat(5_000_000), 413, 'more than 500000 values'],
    ] as const) {
      const problem = await parseJson(Buffer.from(text)).catch((error: unknown) => error);
      expect(problem).toBeInstanceOf(Problem);
      expect(problem).toMatchObject({ status, detail: expect.stringContaining(said) as string });
    }
  });
});

/** As text, because jest compares long arrays slowly; 400 for what is not JSON. */
function outcomeOfParse(text: string): string | 400 {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return 400;
  }
}

describe('a number that a double cannot hold', () => {
  it.each([
    ['9007199254740993', '9007199254740993'],
    ['-1498392753700442113', '-1498392753700442113'],
    ['1498392753700442112', '1498392753700442112'], // a double, but printed otherwise
    ['0.12345678901234567890', '0.1234567890123456789'],
    ['12345678901234567.50e3', '12345678901234567500'],
    ['-1.00000000000000000001E-3', '-0.00100000000000000000001'],
    ['1e-400', `0.${'0'.repeat(399)}1`],
  ])('%s is kept as %s', (sent, written) => {
    const value = readJson(`{"a":[${sent}, "${sent}"]}`);
    expect(writeJson(value)).toBe(`{"a":[${written},"${sent}"]}`);
    expect(writeJson(readJson(writeJson(value)))).toBe(writeJson(value));
    expect(canonicalJson(value as JsonValue)).toBe(writeJson(value));
  });

  it.each([
    '0',
    '-0',
    '1.0',
    '1e21',
    '5e-324',
    '0.30000000000000004',
    '1000000000000000000000',
    '1.7976931348623157e308',
  ])('%s is a number like others', (sent) => expect(readJson(`[${sent}]`)).toEqual(JSON.parse(`[${sent}]`)));

  it('is refused where it is longer than anybody means, and is no object where one is asked for', () => {
    expect(checkPayload(readJson('{"a":{"b":1e-99999}}') as object, 'payload')).toEqual({
      path: 'payload.a.b',
      message: 'is a number of more than 400 digits',
    });
    expect(() => readJson('{"a":1498392753700442113,}')).toThrow(SyntaxError);
    expect(JSON.stringify(readJson('[1498392753700442113]'))).toBe('["1498392753700442113"]');
  });

  it('is looked for in a body wherever one may be, and texts are left alone', async () => {
    const random = seeded(11);
    const numbers = ['1498392753700442113', '1e-400', '0.1234567890123456789', '-9007199254740993', '7', '-1e-7'];
    for (let n = 0; n < 2_000; n++) {
      const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
      const part = () => pick([...numbers, '"14983927537004421139"', '"\\\\"', '"\\",1498392753700442113"', 'true']);
      const space = () => pick(['', ' ', '\n']);
      const body = `{"a":${space()}${part()}${space()},"b":[${part()},${space()}${part()}]}`;
      expect(writeJson(await parseJson(Buffer.from(body)))).toBe(writeJson(readJson(body)));
      const bare = part();
      expect(writeJson(await parseJson(Buffer.from(bare)))).toBe(writeJson(readJson(bare)));
    }
  });
});

describe('a member of JSON that is not parsed', () => {
  it.each([
    ['{"writeKey":"k"}', 'k'],
    [' { "a" : {"writeKey":"inner"}, "b":["writeKey"], "writeKey" :\n "k\\u0041" , "batch":[', 'kA'],
    ['{"batch":[{"writeKey":"inner"}]', null],
    ['{"a":"writeKey","b":1}', null],
    ['{"a":"\\"writeKey\\":\\"k\\"","writeKey":7}', null],
    ['["writeKey","k"]', null],
    ['{"writeKey":"k', null],
    [`{"writeKey":"${'k'.repeat(2_000)}"}`, null],
    ['\ufeff{"writeKey":"k"}', 'k'],
    ['writeKey', null],
    ['', null],
  ])('%s', (text, expected) => {
    expect(findMemberText(Buffer.from(text), 'writeKey')).toBe(expected);
  });
});
