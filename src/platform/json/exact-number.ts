/** No number that anybody means is longer, and the database would spell out each digit of a large exponent. */
const MAX_DIGITS = 400;

/** JSON's grammar. Groups: sign, whole part, fraction, exponent. */
const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** Hears of each number that {@link ExactNumber.toJSON} is asked for. */
export type SpellNumber = (digits: string) => string;

let spell: SpellNumber | undefined;

/** Runs `work` with another spelling of exact numbers. `work` must not wait for anything. */
export function spelling<T>(numbers: SpellNumber, work: () => T): T {
  spell = numbers;
  try {
    return work();
  } finally {
    spell = undefined;
  }
}

/**
 * A number of JSON that a double cannot hold: 1498392753700442113 would become 1498392753700442112. It is kept digit by
 * digit, in one spelling: without exponent, without zeros at the ends. So two are equal exactly when their digits are,
 * and jsonb, which keeps digits too, gives the same text back.
 */
export class ExactNumber {
  private constructor(
    /** Its digits; as they came where they are {@link isTooLong}. */
    readonly digits: string,
    readonly isTooLong: boolean,
  ) {}

  /** @returns null for what is no number, and for what a double holds as it stands or cannot come near */
  static read(text: string): ExactNumber | null {
    const decimal = toDecimal(text);
    if (decimal === null) return null;
    const double = Number(text);
    if (!Number.isFinite(double)) return null;
    const rounded = toDecimal(String(double));
    if (rounded !== null && isSame(decimal, rounded)) return null;
    const digits = plain(decimal);
    return digits === null ? new ExactNumber(text, true) : new ExactNumber(digits, false);
  }

  toString(): string {
    return this.digits;
  }

  /** For JSON.stringify: a text, since no digits get past it as a number. See writeJson. */
  toJSON(): string {
    return spell === undefined ? this.digits : spell(this.digits);
  }
}

/** 0.`digits` × 10^`point`, digits without zeros at the ends. */
interface Decimal {
  negative: boolean;
  digits: string;
  point: number;
}

function toDecimal(text: string): Decimal | null {
  const match = NUMBER.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const all = whole + fraction;
  const start = all.search(/[1-9]/);
  if (start === -1) return { negative: false, digits: '', point: 0 };
  let end = all.length;
  while (all[end - 1] === '0') end -= 1;
  return { negative: sign === '-', digits: all.slice(start, end), point: whole.length + Number(exponent) - start };
}

const isSame = (a: Decimal, b: Decimal) => a.negative === b.negative && a.digits === b.digits && a.point === b.point;

/** @returns null when it is too long */
function plain({ negative, digits, point }: Decimal): string | null {
  if (Math.max(point, digits.length - point, digits.length) > MAX_DIGITS) return null;
  const [before, after] = [digits.slice(0, Math.max(point, 0)), digits.slice(Math.max(point, 0))];
  const whole = point <= 0 ? '0' : before.padEnd(point, '0');
  const fraction = after === '' ? '' : `.${'0'.repeat(Math.max(-point, 0))}${after}`;
  return `${negative ? '-' : ''}${whole}${fraction}`;
}

/** Why a number cannot be kept, as the end of a sentence. */
export const TOO_LONG = `is a number of more than ${MAX_DIGITS} digits`;

/** An object of JSON: no list, and no number that is kept as an object. */
export const isJsonObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);
