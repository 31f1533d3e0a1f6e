/** JSON texts of values at the edges of what JSON, JavaScript and PostgreSQL can say; the same for the same seed. */
export class GeneratedValues {
  constructor(private seed: number) {}

  /** mulberry32 */
  random(): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below = (limit: number): number => Math.floor(this.random() * limit);
  pick = <T>(items: readonly T[]): T => items[this.below(items.length)]!;
  digits = (count: number): string => Array.from({ length: count }, () => this.below(10)).join('');

  /** A number, a text, a date or something of them. */
  value(levels = 3): string {
    const kind = this.below(levels > 0 ? 8 : 6);
    if (kind < 3) return this.number();
    if (kind < 5) return this.text();
    if (kind === 5) return this.pick(['true', 'false', 'null', JSON.stringify(this.dateTime())]);
    const parts = Array.from({ length: this.below(4) }, () => this.value(levels - 1));
    if (kind === 6) return `[${parts.join(this.pick([',', ' , ']))}]`;
    return `{${parts.map((part, n) => `${JSON.stringify(this.name(n))}:${part}`).join(',')}}`;
  }

  number(): string {
    const sign = this.pick(['', '', '-']);
    const whole = this.pick(['0', '7', `1${this.digits(this.below(24))}`, `9${this.digits(15 + this.below(6))}`]);
    const fraction = this.pick(['', '', '.0', '.50', `.${this.digits(1 + this.below(22))}`]);
    const exponent = this.pick(['', '', '', `e${this.below(20)}`, `E-${this.below(20)}`, `e-${300 + this.below(35)}`]);
    return this.pick([
      `${sign}${whole}${fraction}${exponent}`,
      this.pick(['9007199254740993', '-9007199254740993', '1498392753700442113', '1498392753700442115', '-0', '1.0']),
      this.pick(['0.1000000000000000055511151231257827', '5e-324', '4e-325', '1.7976931348623157e308', '1e21', '1E+2']),
      JSON.stringify(this.random() * 10 ** this.below(20)),
    ]);
  }

  text(): string {
    const text = this.pick(TEXTS) + this.pick(['', '', String(this.below(1e9)), '1498392753700442113']);
    return JSON.stringify(text).replaceAll('é', this.pick(['é', '\\u00e9']));
  }

  /** RFC 3339, of the last years. */
  dateTime(): string {
    const two = (limit: number, from = 0) => String(from + this.below(limit)).padStart(2, '0');
    const fraction = this.pick(['', '.5', '.123', `.${this.digits(6)}`, `.${this.digits(9)}`]);
    const day = `20${two(7, 19)}-${two(12, 1)}-${two(28, 1)}`;
    return `${day}T${two(24)}:${two(60)}:${two(60)}${fraction}${this.pick(['Z', '+02:00', '-05:30', '+14:00'])}`;
  }

  private name = (n: number): string => `${this.pick(NAMES)}${n === 0 ? '' : n}`;
}

const NAMES = ['a', 'é', '10', '__proto__', 'constructor', 'valueOf', 'toString', 'hasOwnProperty', 'toJSON', '', ' '];
const TEXTS = [
  ...['', 'plain', 'Größe „ok“ 😀', 'two\u2028lines', 'tab\tquote"back\\slash/', '\u0001\u007f\ufeff', 'e\u0301 é'],
  ...['{"a":1498392753700442113}', '=1+1', '\\"', '2026-02-30', '  spaces  ', 'null', '\\u0041'],
];

/** Values that nothing can keep: what is wrong is said with their path. */
export const UNKEPT = [
  ...['"a\\u0000b"', '"\\ud800"', '1e400', '-1e999', '1e-99999', `1${'0'.repeat(200)}1e200`, '{"\\u0000":1}'],
  ...['['.repeat(33) + ']'.repeat(33), `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`],
];
