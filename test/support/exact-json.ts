/**
 * JSON read without the product's code and without doubles: numbers as decimals, members by name. Two texts say the same
 * exactly when what comes back is equal.
 */
export type Exact = string | boolean | null | Exact[] | Map<string, Exact>;

/** Numbers become texts like `#-15@3` (-0.15 × 10³), texts begin with a quote. */
export function readExactly(text: string): Exact {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

export function decimalOf(number: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '#0';
  const leading = whole.length + fraction.length - digits.length;
  return `#${sign}${significant}@${whole.length - leading + Number(exponent)}`;
}

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  value(): Exact {
    const start = this.next();
    if (start === '{') return this.object();
    if (start === '[') return this.array();
    if (start === '"') return `"${this.string()}`;
    const [word = ''] = /^[^\s,\]}]+/.exec(this.text.slice(this.at, this.at + 2_000)) ?? [];
    this.at += word.length;
    if (word === 'true' || word === 'false') return word === 'true';
    return word === 'null' ? null : decimalOf(word);
  }

  end(): void {
    this.next();
    if (this.at < this.text.length) throw new Error(`there is more JSON at ${this.at}`);
  }

  /** A Map, which has no names of its own. */
  private object(): Exact {
    const members = new Map<string, Exact>();
    this.at += 1;
    while (this.next() !== '}') {
      if (this.text[this.at] === ',') this.at += 1;
      this.next();
      const name = this.string();
      this.next();
      this.at += 1; // the colon
      members.set(name, this.value());
    }
    this.at += 1;
    return new Map([...members].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  private array(): Exact {
    const items: Exact[] = [];
    this.at += 1;
    while (this.next() !== ']') {
      if (this.text[this.at] === ',') this.at += 1;
      items.push(this.value());
    }
    this.at += 1;
    return items;
  }

  private string(): string {
    const start = this.at;
    for (this.at += 1; this.text[this.at] !== '"'; this.at += 1) if (this.text[this.at] === '\\') this.at += 1;
    this.at += 1;
    return JSON.parse(this.text.slice(start, this.at)) as string;
  }

  /** The character behind white space. */
  private next(): string | undefined {
    while (/\s/.test(this.text[this.at] ?? 'x')) this.at += 1;
    return this.text[this.at];
  }
}

/** A member of an object by its path. */
export function memberOf(value: Exact | undefined, ...path: string[]): Exact | undefined {
  return path.reduce<Exact | undefined>((part, name) => (part instanceof Map ? part.get(name) : undefined), value);
}
