/** How one environment variable is read: its type, default and the words that explain it in `.env.example`. */
export interface Setting<T> {
  readonly default: T | undefined;
  readonly example: string;
  readonly description: string;
  /** Returns the value, or throws an Error whose message completes "NAME …". */
  readonly parse: (raw: string) => T;
}

interface Words<T> {
  default?: T;
  example?: string;
  description: string;
}

function setting<T>(words: Words<T>, fallbackExample: string, parse: (raw: string) => T): Setting<T> {
  return {
    default: words.default,
    example: words.example ?? fallbackExample,
    description: words.description,
    parse,
  };
}

export function integer(min: number, max: number, words: Words<number>): Setting<number> {
  return setting(words, String(words.default ?? min), (raw) => {
    const value = Number(raw);
    if (!/^-?\d+$/.test(raw) || value < min || value > max) {
      throw new Error(`must be a whole number from ${min} to ${max}`);
    }
    return value;
  });
}

export function oneOf<const T extends string>(values: readonly T[], words: Words<T>): Setting<T> {
  return setting(words, words.default ?? values[0] ?? '', (raw) => {
    const value = values.find((candidate) => candidate === raw);
    if (value === undefined) throw new Error(`must be one of ${values.join(', ')}`);
    return value;
  });
}

export function flag(words: Words<boolean>): Setting<boolean> {
  return setting(words, String(words.default ?? false), (raw) => {
    if (raw !== 'true' && raw !== 'false') throw new Error('must be true or false');
    return raw === 'true';
  });
}

export function text(words: Words<string>): Setting<string> {
  return setting(words, words.default ?? '', (raw) => raw);
}

/** A name that may be the name of a key in a signed note (c2sp.org/signed-note). */
export function keyName(words: Words<string>): Setting<string> {
  return setting(words, words.default ?? '', (raw) => {
    if (/[\s+\p{C}]/u.test(raw)) throw new Error('must be a name without spaces and plus signs');
    return raw;
  });
}

export function secret(minLength: number, words: Words<string>): Setting<string> {
  return setting(words, '', (raw) => {
    if (WELL_KNOWN_SECRETS.has(raw)) throw new Error('is a published sample value that anybody can guess');
    if (raw.length < minLength) throw new Error(`must be at least ${minLength} characters long`);
    if (!/^[\x21-\x7e]+$/.test(raw)) throw new Error('must be printable ASCII without spaces');
    return raw;
  });
}

export function url(protocols: readonly string[], words: Words<string>): Setting<string> {
  return setting(words, '', (raw) => {
    if (!URL.canParse(raw) || !protocols.includes(new URL(raw).protocol)) {
      throw new Error(`must be a URL starting with ${protocols.map((p) => `${p}//`).join(' or ')}`);
    }
    return raw;
  });
}

export function list(words: Words<readonly string[]>): Setting<readonly string[]> {
  return setting(words, (words.default ?? []).join(','), (raw) =>
    raw
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
}

/** `15m`, `1h`, `30s`, `7d` → seconds. */
export function duration(words: Words<number> & { example: string }): Setting<number> {
  const seconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
  return setting(words, words.example, (raw) => {
    const match = /^(\d{1,6})([smhd])$/.exec(raw);
    const value = Number(match?.[1]) * (seconds[match?.[2] ?? ''] ?? NaN);
    if (!(value > 0)) throw new Error('must be a number followed by s, m, h or d');
    return value;
  });
}

/** Keys and secrets printed in public READMEs; a service that starts with one of them is open to everybody. */
const WELL_KNOWN_SECRETS = new Set([
  'dev-key-analytics-2024',
  'demo-readonly-key',
  'your-secure-admin-key-here',
  'your-secure-secret-key',
  'changeme',
  'change-me-please',
]);
