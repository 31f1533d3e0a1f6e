/** What JSON and PostgreSQL write in more than one way, or split lines at. */
const TEXTS = [
  'plain',
  'Größe „ok“ 😀',
  'two\u2028lines\u2029more',
  'tab\tquote"back\\slash/',
  '\u0001\u001f\u007f\ufeff',
  'é e\u0301',
  '{"a":1}',
];
const NUMBERS = [
  0,
  -0,
  7,
  0.1,
  2.5,
  -1e-7,
  5e-324,
  1e21,
  1.7976931348623157e308,
  2 ** 53,
  -(2 ** 53),
  123456789.12345679,
];
const NAMES = ['a', 'B', 'é', '10', '9', '__proto__', 'constructor', 'toJSON', '', '\u2028'];

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** Values that are made from a seed, so that a failing run can be made again. */
export class RandomValues {
  constructor(private readonly random: () => number) {}

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  text(): string {
    return `${this.pick(TEXTS)}${this.below(1_000)}`;
  }

  /** Any value of JSON, never one that is refused for its depth. */
  json(depth = 0): Json {
    const kind = this.below(depth > 3 ? 4 : 6);
    if (kind === 0) return this.pick(TEXTS);
    if (kind === 1) return this.pick(NUMBERS);
    if (kind === 2) return this.random() < 0.5;
    if (kind === 3) return null;
    if (kind === 4) return Array.from({ length: this.below(4) }, () => this.json(depth + 1));
    return this.object(depth + 1);
  }

  object(depth = 0): Record<string, Json> {
    const members = Array.from({ length: this.below(5) }, (): [string, Json] => [this.pick(NAMES), this.json(depth)]);
    return JSON.parse(
      `{${members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`,
    ) as Record<string, Json>;
  }

  /** Each member is there or not. */
  some<T extends object>(members: T): Partial<T> {
    return Object.fromEntries(Object.entries(members).filter(() => this.random() < 0.5)) as Partial<T>;
  }

  /** The same as a query. */
  query(parameters: Record<string, string | number>): string {
    const given = Object.entries(this.some(parameters)).map(([name, value]): [string, string] => [name, String(value)]);
    return new URLSearchParams(given).toString();
  }
}
