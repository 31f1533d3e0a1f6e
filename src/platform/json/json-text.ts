import { randomBytes } from 'node:crypto';
import { ExactNumber, spelling } from './exact-number.js';

/**
 * What a number must look like that a double may not hold: 16 digits, or an exponent below -99. In a text of 1 kB the
 * look costs a quarter of a microsecond; where nothing is found, JSON.parse does all the rest.
 */
const LONG_NUMBER = /[\d.]{16}|\d[eE]-\d{3}/;
const NUMBERS = /-?\d[\d.eE+-]*/g;

/** Begins a text that stands for a number. Nobody outside of this process knows it. */
const MARK = `${randomBytes(12).toString('base64url')}:`;
const MARKED = new RegExp(`"${MARK}(-?[\\d.eE+-]+)"`, 'g');

/**
 * JSON.parse, but numbers that a double cannot hold become {@link ExactNumber}.
 * @throws SyntaxError
 */
export function readJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as unknown;
  const marked = markNumbers(text);
  if (marked === text) return JSON.parse(text) as unknown;
  try {
    return JSON.parse(marked, unmark) as unknown;
  } catch {
    return JSON.parse(text) as unknown; // throws with the place in the text as it came
  }
}

function unmark(_name: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith(MARK)) return value;
  return ExactNumber.read(value.slice(MARK.length)) ?? value;
}

/** Numbers of which a double would lose digits become texts. Two searches for each text in it, which are fast. */
function markNumbers(text: string): string {
  let marked = '';
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at);
    const between = text.slice(at, quote === -1 ? undefined : quote);
    marked += LONG_NUMBER.test(between) ? between.replace(NUMBERS, markNumber) : between;
    if (quote === -1) break;
    at = endOfText(text, quote);
    marked += text.slice(quote, at);
  }
  return marked;
}

function markNumber(number: string): string {
  return LONG_NUMBER.test(number) && ExactNumber.read(number) !== null ? `"${MARK}${number}"` : number;
}

/** Behind the closing quote. */
function endOfText(text: string, start: number): number {
  let quote = start;
  do {
    quote = text.indexOf('"', quote + 1);
    if (quote === -1) return text.length;
  } while (isEscaped(text, quote));
  return quote + 1;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text[first - 1] === '\\') first -= 1;
  return (at - first) % 2 === 1;
}

/** JSON.stringify, with all digits of {@link ExactNumber}. Without one, it costs nothing more. */
export function writeJson(value: unknown): string {
  const [text] = writingJson(() => [JSON.stringify(value)]);
  return text!;
}

/**
 * For code that is not ours and calls JSON.stringify itself: in what it returns, numbers have all their digits.
 * @param write returns what it has written; anything but a text is left as it is
 */
export function writingJson<T>(write: () => T[]): T[] {
  let found = 0;
  const written = spelling((digits) => {
    found += 1;
    return MARK + digits;
  }, write);
  if (found === 0) return written;
  return written.map((part) => (typeof part === 'string' ? (part.replace(MARKED, '$1') as T) : part));
}
