import { parseJson } from '../api/json.js';
import { type Condition, type Filter, isOperator, membersOf, type Operator, type Scalar } from './filter.js';

/**
 * A filter as the address holds it: `client_id is app and (payload.total gte 100 or payload.plan in pro,team)`. Words
 * that would be read as something else are in quotes, as JSON writes a text: `payload.zip is "10115"`.
 */
export class FilterTextFault extends Error {}

/** Characters; about what the API takes in a query. */
export const MOST_TEXT = 4_000;
const MOST_NESTING = 20;
const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([(),])|([^\s"(),]+))/y;
const BARE = /^[^\s"(),]+$/;
const LISTS: readonly Operator[] = ['in', 'not_in', 'between'];

export function printFilter(filter: Filter, isInner = false): string {
  const group = membersOf(filter);
  if (group === undefined) return printCondition(filter as Condition);
  const { glue, members } = group;
  const text = members.map((member) => printFilter(member, members.length > 1)).join(` ${glue} `);
  return isInner && members.length > 1 ? `(${text})` : text;
}

function printCondition({ property, op, value }: Condition): string {
  const values = value === undefined ? [] : Array.isArray(value) ? value : [value];
  const start = `${isWord(property) ? property : JSON.stringify(property)} ${op}`;
  return values.length === 0 ? start : `${start} ${values.map(printScalar).join(',')}`;
}

const printScalar = (value: Scalar): string =>
  typeof value === 'string' && isWord(value) && readBare(value) === value ? value : JSON.stringify(value);

const isWord = (text: string) => BARE.test(text) && text !== 'and' && text !== 'or';

/** A word without quotes is a number, true, false or null where JSON would read it so, else a text. */
function readBare(text: string): Scalar {
  try {
    return parseJson(text) as Scalar;
  } catch {
    return text;
  }
}

/** @throws FilterTextFault */
export function parseFilter(text: string): Filter {
  if (text.length > MOST_TEXT) throw new FilterTextFault(`has more than ${MOST_TEXT} characters`);
  const reader = new Reader(text);
  const filter = reader.readEither(0);
  reader.requireEnd();
  return filter;
}

interface Token {
  text: string;
  kind: 'quoted' | 'sign' | 'word' | 'end';
}

class Reader {
  private readonly tokens: Token[] = [];
  private at = 0;

  constructor(text: string) {
    const trimmed = text.trimEnd();
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < trimmed.length) {
      const start = TOKEN.lastIndex;
      const match = TOKEN.exec(trimmed);
      if (match === null) throw new FilterTextFault(`has a " without its end: ${trimmed.slice(start, start + 40)}`);
      const [, quoted, sign, word] = match;
      this.tokens.push({
        text: quoted ?? sign ?? word ?? '',
        kind: quoted !== undefined ? 'quoted' : sign !== undefined ? 'sign' : 'word',
      });
    }
  }

  readEither(depth: number): Filter {
    const members = [this.readAll(depth)];
    while (this.takes('or')) members.push(this.readAll(depth));
    return members.length === 1 ? members[0]! : { or: members };
  }

  private readAll(depth: number): Filter {
    const members = [this.readOne(depth)];
    while (this.takes('and')) members.push(this.readOne(depth));
    return members.length === 1 ? members[0]! : { and: members };
  }

  private readOne(depth: number): Filter {
    if (!this.takes('(')) return this.readCondition();
    if (depth >= MOST_NESTING) throw new FilterTextFault('is nested too deep');
    const inner = this.readEither(depth + 1);
    if (!this.takes(')')) this.fail('a )');
    return inner;
  }

  private readCondition(): Condition {
    const property = this.readText('the name of a property');
    const { text: op, kind } = this.tokens[this.at] ?? END;
    if (kind !== 'word' || !isOperator(op)) this.fail('an operator like is or contains');
    this.at += 1;
    const values: Scalar[] = [];
    if (this.isValue()) {
      do values.push(this.readValue());
      while (this.takes(','));
    }
    if (values.length === 0) return { property, op };
    return { property, op, value: LISTS.includes(op) || values.length > 1 ? values : values[0]! };
  }

  private isValue(): boolean {
    const { text, kind } = this.tokens[this.at] ?? END;
    return kind === 'quoted' || (kind === 'word' && text !== 'and' && text !== 'or');
  }

  private readValue(): Scalar {
    if (!this.isValue()) this.fail('a value');
    const { text, kind } = this.tokens[this.at] ?? END;
    return kind === 'word' ? this.next(readBare(text)) : this.readText('a value');
  }

  private readText(what: string): string {
    if (!this.isValue()) this.fail(what);
    const { text, kind } = this.tokens[this.at] ?? END;
    if (kind === 'word') return this.next(text);
    try {
      return this.next(JSON.parse(text) as string);
    } catch {
      return this.fail('a text in quotes, as in JSON');
    }
  }

  private next<T>(value: T): T {
    this.at += 1;
    return value;
  }

  private takes(text: string): boolean {
    const token = this.tokens[this.at];
    if (token === undefined || token.kind === 'quoted' || token.text !== text) return false;
    this.at += 1;
    return true;
  }

  requireEnd(): void {
    if (this.at < this.tokens.length) this.fail('and, or or the end');
  }

  private fail(what: string): never {
    const { text } = this.tokens[this.at] ?? END;
    throw new FilterTextFault(`has ${text === '' ? 'its end' : `“${text.slice(0, 60)}”`} where ${what} should be`);
  }
}

const END: Token = { text: '', kind: 'end' };
