/**
 * The patterns that `matches` takes: those of RE2 without what only few need. Each is read whole and written anew in
 * the syntax of PostgreSQL, so nothing that PostgreSQL understands beyond it gets there. What is left out is what makes
 * matching slow: back-references and looking around cannot be said, and repetitions are counted out before, so the time
 * to match grows with the length of the text times the size of the pattern, and both are bounded.
 */
const MAX_PATTERN = 200;
/** Characters of the pattern with its repetitions written out. */
const MAX_SIZE = 1_000;
/** PostgreSQL takes no more; neither does anybody who means it. */
const MAX_REPEATS = 255;
const MAX_NESTING = 20;
/** Characters of one range. Ignoring case, PostgreSQL looks at each of them. */
const MAX_RANGE = 70_000;

export class PatternFault extends Error {}

/** Why `matches` cannot take a text, as the end of a sentence; null when it can. */
export function patternFault(text: string): string | null {
  try {
    toPostgresPattern(text);
    return null;
  } catch (error) {
    if (error instanceof PatternFault) return error.message;
    throw error;
  }
}

/**
 * The same pattern for PostgreSQL's operator `~`.
 * @throws PatternFault
 */
export function toPostgresPattern(text: string): string {
  return new PatternReader(text).read();
}

/** A part of a pattern as PostgreSQL writes it. */
interface Part {
  sql: string;
  size: number;
  /** Whether it holds ^ or $, of which a repetition makes no sense and costs much. */
  anchored: boolean;
}

const CLASSES: Record<string, string> = { d: '0-9', w: 'A-Za-z0-9_', s: '\\t\\n\\v\\f\\r ' };
const CONTROLS: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f', v: '\v' };
const HELP =
  'A pattern takes . * + ? {m,n} [a-z] [^a-z] ( ) (?: ) | ^ $ \\d \\w \\s \\D \\W \\S \\t \\n and (?i) at its start';

class PatternReader {
  private readonly characters: readonly string[];
  private at = 0;
  private nesting = 0;

  constructor(text: string) {
    this.characters = [...text];
  }

  read(): string {
    if (this.characters.length === 0 || this.characters.length > MAX_PATTERN) {
      throw new PatternFault(`must be a pattern of 1 to ${MAX_PATTERN} characters`);
    }
    const flags = this.takes('(?i)') ? '(?i)' : '';
    const { sql } = this.readChoice();
    if (this.at < this.characters.length) this.fail('is not opened by a (');
    return `${flags}(?:${sql})`;
  }

  private readChoice(): Part {
    const branches = [this.readBranch()];
    while (this.takes('|')) branches.push(this.readBranch());
    return {
      sql: branches.map(({ sql }) => sql).join('|'),
      size: this.within(branches.reduce((sum, { size }) => sum + size + 1, 0)),
      anchored: branches.some(({ anchored }) => anchored),
    };
  }

  private readBranch(): Part {
    const parts: Part[] = [];
    while (this.at < this.characters.length && !'|)'.includes(this.next)) parts.push(this.readRepeated());
    return {
      sql: parts.length === 0 ? '(?:)' : parts.map(({ sql }) => sql).join(''),
      size: this.within(parts.reduce((sum, { size }) => sum + size, 0)),
      anchored: parts.some(({ anchored }) => anchored),
    };
  }

  private readRepeated(): Part {
    const part = this.readAtom();
    const repeats = this.readRepeats();
    if (repeats === null) return part;
    if (part.anchored) this.fail('repeats ^ or $', -1);
    if (this.readRepeats() !== null) this.fail('repeats a repetition', -1);
    const times = Math.max(repeats.max ?? repeats.min + 1, 1);
    return { ...part, sql: part.sql + repeats.sql, size: this.within(part.size * times + 1) };
  }

  /** A question mark behind it, for the shortest match, changes nothing of whether there is one. */
  private readRepeats(): { sql: string; min: number; max: number | null } | null {
    const from = this.at;
    const found = this.readQuantifier();
    if (found === null) return null;
    this.takes('?');
    const { min, max } = found;
    if (max !== null && min > max) this.fail('repeats from more to fewer', from - this.at);
    if ((max ?? min) > MAX_REPEATS) this.fail(`repeats more than ${MAX_REPEATS} times`, from - this.at);
    return { ...found, sql: `{${min},${max ?? ''}}` };
  }

  private readQuantifier(): { min: number; max: number | null } | null {
    if (this.takes('*')) return { min: 0, max: null };
    if (this.takes('+')) return { min: 1, max: null };
    if (this.takes('?')) return { min: 0, max: 1 };
    if (this.next !== '{') return null;
    const text = this.characters.slice(this.at, this.at + 12).join('');
    const match = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(text);
    if (match === null) return this.fail('is a { without a number of repetitions; \\{ is the character');
    this.at += match[0].length;
    const min = Number(match[1]);
    if (match[2] === undefined) return { min, max: min };
    return { min, max: match[3] === '' ? null : Number(match[3]) };
  }

  private readAtom(): Part {
    const character = this.next;
    if ('*+?{'.includes(character)) this.fail('repeats nothing');
    this.at += 1;
    if (character === '^' || character === '$') return { sql: character, size: 1, anchored: true };
    if (character === '(') return this.readGroup();
    const sql =
      character === '.'
        ? '[^\\n]'
        : character === '['
          ? this.readSet()
          : character === '\\'
            ? this.readEscape()
            : literal(character);
    return { sql, size: 1, anchored: false };
  }

  private readGroup(): Part {
    if (this.next === '?' && !this.takes('?:')) this.fail('begins an unsupported kind of group', -1);
    if (++this.nesting > MAX_NESTING) this.fail(`is nested deeper than ${MAX_NESTING} groups`, -1);
    const inner = this.readChoice();
    if (!this.takes(')')) this.fail('is the end; a ) is missing');
    this.nesting -= 1;
    return { ...inner, sql: `(?:${inner.sql})` };
  }

  /** The backslash is behind us. */
  private readEscape(): string {
    const letter = this.take();
    const known = CLASSES[letter.toLowerCase()];
    if (known !== undefined) return letter === letter.toLowerCase() ? `[${known}]` : `[^${known}]`;
    return literal(this.escaped(letter));
  }

  private escaped(letter: string): string {
    if (letter === '') this.fail('ends in a backslash');
    if (!/[A-Za-z0-9]/.test(letter)) return letter;
    return CONTROLS[letter] ?? this.fail('is an unknown escape', -1);
  }

  /** The bracket that opens it is behind us. */
  private readSet(): string {
    const start = this.takes('^') ? '[^' : '[';
    let members = '';
    do {
      if (this.at >= this.characters.length) this.fail('is the end; a ] is missing');
      members += this.readMember();
    } while (!this.takes(']'));
    return `${start}${members}]`;
  }

  private readMember(): string {
    const first = this.readSetCharacter();
    if (first.length > 2 || this.next !== '-' || this.characters[this.at + 1] === ']') return setMember(first);
    this.at += 1;
    const last = this.readSetCharacter();
    const [low, high] = [codeOf(first), codeOf(last)];
    if (last.length > 2 || low > high || high - low >= MAX_RANGE) this.fail('is not a range of characters', -1);
    return `${literal(first)}-${literal(last)}`;
  }

  /** One character, or the members of a class like \d. */
  private readSetCharacter(): string {
    const character = this.take();
    if (character === '') this.fail('is the end; a ] is missing');
    if (character === '[') this.fail('is a [ between brackets; \\[ is the character', -1);
    if (character === ']') this.fail('is an empty set; \\] is the character', -1);
    if (character !== '\\') return character;
    const letter = this.take();
    return CLASSES[letter] ?? this.escaped(letter);
  }

  private within(size: number): number {
    if (size > MAX_SIZE)
      throw new PatternFault(`repeats too much: written out, the pattern has more than ${MAX_SIZE} characters`);
    return size;
  }

  private get next(): string {
    return this.characters[this.at] ?? '';
  }

  private take(): string {
    return this.characters[this.at++] ?? '';
  }

  private takes(text: string): boolean {
    if (this.characters.slice(this.at, this.at + text.length).join('') !== text) return false;
    this.at += text.length;
    return true;
  }

  private fail(what: string, back = 0): never {
    const place = Math.min(Math.max(this.at + back, 0), this.characters.length) + 1;
    throw new PatternFault(`cannot be used as a pattern: character ${place} ${what}. ${HELP}`);
  }
}

const codeOf = (character: string): number => character.codePointAt(0) ?? 0;

/** Members of a class stand as they are. */
const setMember = (member: string): string => ([...member].length > 1 ? member : literal(member));

/** A character that stands for itself, also between brackets. */
function literal(character: string): string {
  return /[A-Za-z0-9\u0080-\u{10FFFF}]/u.test(character) || /\s/.test(character) ? character : `\\${character}`;
}
