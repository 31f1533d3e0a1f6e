/** Scans JSON as bytes, before it is parsed. About a millisecond per megabyte, in one pass and without objects. */

/** An event has 32 levels at most, and the schema of one two for each of them. */
const MAX_LEVELS = 128;
/** An event of 64 KiB holds 32,768 values at most; parsing 40,000 of the slowest kind, texts, takes about 12 ms. */
const MAX_VALUES = 40_000;
/** 20,000 names that are all different take about 16 ms. No route takes more than 3,000 in one part of a body. */
const MAX_NAMES = 20_000;
/** Values of a whole body: they are all in memory at once, and each collection of garbage walks through them. */
const MAX_ALL_VALUES = 500_000;
/** The largest batch that can be configured (MAX_BATCH_SIZE). */
const MAX_ELEMENTS = 10_000;
const MAX_ARRAYS = 1_000;

const [QUOTE, OPEN, CLOSE, COMMA, COLON, MINUS] = [1, 2, 3, 4, 5, 6];
const KINDS = new Uint8Array(256);
for (const [kind, characters] of [
  [QUOTE, '"'],
  [OPEN, '[{'],
  [CLOSE, ']}'],
  [COMMA, ','],
  [COLON, ':'],
  [MINUS, '-'],
] as const) {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind;
}
const [QUOTE_MARK, BACKSLASH, SMALL_E] = [0x22, 0x5c, 0x65];
/** No depth. */
const NONE = -1;
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT] = [0x5b, 0x5d, 0x7b];

export interface Excess {
  /** Where the bound is exceeded. */
  offset: number;
  message: string;
}

export interface Survey {
  /** What would take JSON.parse too long: nesting, values or names; null when nothing would. */
  excess: Excess | null;
  /** Whether there may be a number that a double cannot hold. */
  mayRound: boolean;
}

/** The shortest number that a double may round, but for those of an exponent. */
const LONG_NUMBER = 16;

/** Looks through the JSON between `start` and `end`. A number lies between two marks, so its length costs nothing. */
export function survey(bytes: Buffer, start = 0, end = bytes.length): Survey {
  let [depth, values, names] = [0, 0, 0];
  let mark = start - 1;
  let mayRound = false;
  for (let n = start; n < end; n++) {
    const kind = KINDS[bytes[n]!]!; // n is in the buffer, and there is a kind for each byte
    if (kind === 0) continue;
    if (kind === MINUS) {
      mayRound ||= isExponent(bytes, n);
      continue;
    }
    if (n - mark > LONG_NUMBER) mayRound = true;
    if (kind === CLOSE) depth -= 1;
    else if (kind === QUOTE) n = endOfText(bytes, n, end);
    else if (kind === COLON) {
      if (++names > MAX_NAMES) return tooMuch(n, `has more than ${MAX_NAMES} names`);
    } else {
      if (++values > MAX_VALUES) return tooMuch(n, `has more than ${MAX_VALUES} values`);
      if (kind === OPEN && ++depth > MAX_LEVELS) return tooMuch(n, `is nested deeper than ${MAX_LEVELS} levels`);
    }
    mark = n;
  }
  return { excess: null, mayRound: mayRound || end - mark > LONG_NUMBER };
}

const tooMuch = (offset: number, message: string): Survey => ({ excess: { offset, message }, mayRound: true });

/** Of a small number, which a double may take for 0. */
const isExponent = (bytes: Buffer, minus: number) => (bytes[minus - 1]! | 0x20) === SMALL_E;

/** Where the text that starts with the quote at `start` has its closing quote; `end` when it has none. */
function endOfText(bytes: Buffer, start: number, end: number): number {
  for (let n = start + 1; n < end; n++) {
    const byte = bytes[n];
    if (byte === QUOTE_MARK) return n;
    if (byte === BACKSLASH) n++;
  }
  return end;
}

/** Starts and ends of the elements of one array, in turn. */
export type Elements = number[];

export interface Outline {
  /** The JSON with a number in the place of each array: its index in `arrays`. */
  text: Buffer;
  arrays: Elements[];
}

/** The JSON is not well-formed, or has too many arrays or elements. */
export class OutlineError extends Error {
  constructor(
    message: string,
    readonly isTooMuch: boolean,
  ) {
    super(message);
  }
}

/**
 * Takes the outermost array, or the arrays that are members of the outermost object, out of the JSON, so that their
 * elements can be parsed one by one.
 * @throws OutlineError
 */
export function takeApart(bytes: Buffer): Outline {
  const taker = new ArrayTaker(bytes);
  let [depth, values] = [0, 0];
  for (let n = 0; n < bytes.length; n++) {
    const kind = KINDS[bytes[n]!];
    if (kind === QUOTE) n = endOfText(bytes, n, bytes.length);
    else if (kind === OPEN) {
      if (++depth <= 2) taker.open(n, depth);
    } else if (kind === CLOSE) {
      if (depth === taker.taking) taker.close(n);
      depth -= 1;
    } else if (kind === COMMA && depth === taker.taking) taker.separate(n);
    if ((kind === OPEN || kind === COMMA) && ++values > MAX_ALL_VALUES) {
      throw new OutlineError(`has more than ${MAX_ALL_VALUES} values`, true);
    }
  }
  return taker.finish();
}

class ArrayTaker {
  private readonly parts: Buffer[] = [];
  private readonly arrays: Elements[] = [];
  private isObject = false;
  /** Depth of the elements that are being taken out. */
  taking = NONE;
  private elements: Elements = [];
  private elementStart = 0;
  private copied = 0;

  constructor(private readonly bytes: Buffer) {}

  open(at: number, depth: number): void {
    const byte = this.bytes[at];
    if (depth === 1) this.isObject = byte === OPEN_OBJECT;
    if (this.taking !== NONE || byte !== OPEN_ARRAY || depth !== (this.isObject ? 2 : 1)) return;
    if (this.arrays.length === MAX_ARRAYS) throw new OutlineError(`has more than ${MAX_ARRAYS} arrays`, true);
    this.taking = depth;
    this.elementStart = at + 1;
    this.elements = [];
    this.parts.push(this.bytes.subarray(this.copied, at + 1), Buffer.from(String(this.arrays.length)));
  }

  separate(at: number): void {
    this.elements.push(this.elementStart, at);
    this.elementStart = at + 1;
    if (this.elements.length > 2 * MAX_ELEMENTS) {
      throw new OutlineError(`has an array of more than ${MAX_ELEMENTS} elements`, true);
    }
  }

  close(at: number): void {
    if (this.bytes[at] !== CLOSE_ARRAY) throw new OutlineError('brackets do not match', false);
    const isEmpty = this.elements.length === 0 && this.isBlank(at);
    if (!isEmpty) this.elements.push(this.elementStart, at);
    this.arrays.push(this.elements);
    this.copied = at;
    this.taking = NONE;
  }

  finish(): Outline {
    if (this.taking !== NONE) throw new OutlineError('it ends in an array', false);
    this.parts.push(this.bytes.subarray(this.copied));
    return { text: Buffer.concat(this.parts), arrays: this.arrays };
  }

  private isBlank(end: number): boolean {
    for (let n = this.elementStart; n < end; n++) if (this.bytes[n]! > 0x20) return false;
    return true;
  }
}

/** The member of the outermost object that holds the byte at `offset`; empty when there is none. */
export function memberAt(bytes: Buffer, start: number, offset: number): string {
  let name = '';
  for (const member of membersOf(bytes, start, offset)) name = textAt(bytes, member.start, member.end) ?? '';
  return name;
}

/** The text of a member of the outermost object, the first of that name; null when there is none. */
export function findMemberText(bytes: Buffer, name: string): string | null {
  for (const { start, end, colon } of membersOf(bytes, 0, bytes.length)) {
    if (textAt(bytes, start, end) !== name) continue;
    let value = colon + 1;
    while (value < bytes.length && bytes[value]! <= 0x20) value++;
    return KINDS[bytes[value] ?? 0] === QUOTE ? textAt(bytes, value, endOfText(bytes, value, bytes.length)) : null;
  }
  return null;
}

/** Names of the outermost object: the places of their quotes and of the colon behind. */
function* membersOf(bytes: Buffer, from: number, to: number): Generator<{ start: number; end: number; colon: number }> {
  let [depth, start, end] = [0, 0, 0];
  for (let n = from; n < to; n++) {
    const kind = KINDS[bytes[n]!];
    if (kind === OPEN) depth += 1;
    else if (kind === CLOSE) depth -= 1;
    else if (kind === QUOTE) {
      start = n;
      end = n = endOfText(bytes, n, to);
    } else if (kind === COLON && depth === 1) yield { start, end, colon: n };
  }
}

const MAX_TEXT_BYTES = 1_024;

/** The text between two quotes, if it is not long. */
function textAt(bytes: Buffer, start: number, end: number): string | null {
  if (end - start > MAX_TEXT_BYTES) return null;
  try {
    return JSON.parse(bytes.toString('utf8', start, end + 1)) as string;
  } catch {
    return null;
  }
}
