import { CronTime } from 'cron';
import proxyAddr from 'proxy-addr';
import { isTimeZone } from '../time/time-zone.js';
import { ed25519KeyOf, MAKE_ED25519_KEY } from './ed25519-key.js';
import { HOW_TO_MAKE_A_SECRET, weaknessOf } from './weak-secrets.js';

/** How one environment variable is read: its type, default and the words that explain it in `.env.example`. */
export interface Setting<T> {
  readonly default: T | undefined;
  readonly example: string;
  readonly description: string;
  /** Whether the value gives access to something; it is then kept out of logs. */
  readonly isSecret: boolean;
  /** Returns the value, or throws an Error whose message completes "NAME …". */
  readonly parse: (raw: string) => T;
}

interface Words<T> {
  default?: T;
  example?: string;
  description: string;
  isSecret?: boolean;
}

function setting<T>(words: Words<T>, fallbackExample: string, parse: (raw: string) => T): Setting<T> {
  return {
    default: words.default,
    example: words.example ?? fallbackExample,
    description: words.description,
    isSecret: words.isSecret ?? false,
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

/** A number from 0 to 1. */
export function share(words: Words<number>): Setting<number> {
  return setting(words, String(words.default ?? 1), (raw) => {
    if (!/^(0|1|[01]?\.\d+)$/.test(raw) || Number(raw) > 1) throw new Error('must be a number from 0 to 1');
    return Number(raw);
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

/** A text that `check` understands. @param check throws an Error whose message completes "NAME …" */
export function checkedText(check: (raw: string) => unknown, words: Words<string>): Setting<string> {
  return setting(words, words.default ?? '', (raw) => {
    check(raw);
    return raw;
  });
}

/** A name that may be the name of a key in a signed note (c2sp.org/signed-note). */
export function keyName(words: Words<string>): Setting<string> {
  return setting(words, words.default ?? '', (raw) => {
    if (/[\s+\p{C}]/u.test(raw)) throw new Error('must be a name without spaces and plus signs');
    return raw;
  });
}

/** A secret that gives access to the service, so it must not be guessable. */
export function secret(minLength: number, words: Words<string>): Setting<string> {
  return setting({ ...words, isSecret: true }, '', (raw) => {
    const weakness = weaknessOf(raw, minLength);
    if (weakness !== null) throw new Error(`${weakness}; make one with: ${HOW_TO_MAKE_A_SECRET}`);
    return raw;
  });
}

/** An `@` behind the host belongs to a password, of which a character before it ended the host too early. */
const ENCODE =
  'must have login and password percent-encoded where they contain more than letters and digits: @ %40, / %2F, # %23, ? %3F, % %25';

export function url(protocols: readonly string[], words: Words<string>): Setting<string> {
  return setting(words, '', (raw) => {
    const isOurs = protocols.some((protocol) => raw.toLowerCase().startsWith(`${protocol}//`));
    if (!isOurs) throw new Error(`must be a URL starting with ${protocols.map((p) => `${p}//`).join(' or ')}`);
    const [, authority = '', rest = ''] = /^\w+:\/\/([^/?#]*)(.*)$/s.exec(raw) ?? [];
    if (rest.includes('@') && !authority.includes('@')) throw new Error(ENCODE);
    if (!URL.canParse(raw)) throw new Error(`must be a URL like ${protocols[0]}//login@host:port/name, and ${ENCODE}`);
    const { username, password, pathname } = new URL(raw);
    if (![username, password, pathname].every(isDecodable)) throw new Error(ENCODE);
    return raw;
  });
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** `name=value` with commas between, values percent-encoded. */
export function keyValues(words: Words<Readonly<Record<string, string>>>): Setting<Readonly<Record<string, string>>> {
  return setting(words, '', (raw) => {
    const pairs = raw.split(',').map((pair) => /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair));
    const isReadable = pairs.every((pair) => pair !== null && HEADER_NAME.test(pair[1]!) && isDecodable(pair[2]!));
    if (!isReadable) throw new Error('must be name=value with commas between, and values percent-encoded');
    return Object.fromEntries(pairs.map((pair) => [pair![1]!, decodeURIComponent(pair![2]!)]));
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

/** `token` of RFC 9110 (5.6.2): what a field may be called. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

export function headerNames(words: Words<readonly string[]>): Setting<readonly string[]> {
  const { parse, ...setting } = list(words);
  return {
    ...setting,
    parse: (raw) => {
      const wrong = parse(raw).find((name) => !HEADER_NAME.test(name));
      if (wrong === undefined) return parse(raw);
      throw new Error(`must be header names separated by commas; ${JSON.stringify(wrong)} is not one`);
    },
  };
}

/** `false`, a number of proxies, or their addresses and subnets; Express knows `true` as well, and believes anybody. */
export function proxies(words: Words<string>): Setting<string> {
  return setting(words, words.default ?? '', (raw) => {
    if (raw === 'false' || /^\d{1,3}$/.test(raw)) return raw;
    try {
      proxyAddr.compile(raw.split(',').map((address) => address.trim()));
      return raw;
    } catch {
      const why = raw === 'true' ? 'with true, anybody could claim any address' : `${raw} is not one of them`;
      throw new Error(`must be false, the number of proxies in front, or their addresses and subnets; ${why}`);
    }
  });
}

/** A private key that signs, as base64 of its PKCS #8 DER. */
export function ed25519Key(words: Words<string>): Setting<string> {
  return setting({ ...words, isSecret: true }, '', (raw) => {
    if (ed25519KeyOf(Buffer.from(raw, 'base64')) !== undefined) return raw;
    throw new Error(`must be an Ed25519 private key, as base64 of its PKCS #8 DER; make one with: ${MAKE_ED25519_KEY}`);
  });
}

/** Origins as browsers send them, or `*`. An origin in another form would never match, without any error. */
export function origins(words: Words<readonly string[]>): Setting<readonly string[]> {
  const { parse, ...setting } = list(words);
  return {
    ...setting,
    parse: (raw) => {
      const wrong = parse(raw).find((origin) => origin !== '*' && !isOrigin(origin));
      if (wrong === undefined) return parse(raw);
      const origin = /^https?:/i.test(wrong) && URL.canParse(wrong) ? new URL(wrong).origin : wrong;
      const meant = origin === wrong ? `${wrong} is not one` : `${wrong} is ${origin}`;
      throw new Error(`must be * or origins as browsers send them, lower-case scheme://host[:port] alone; ${meant}`);
    },
  };
}

/** Origins of applications and browser extensions (`capacitor://localhost`); URL has no origin for their schemes. */
function isOrigin(text: string): boolean {
  if (text.includes('*')) return false;
  if (/^https?:/.test(text)) return URL.canParse(text) && new URL(text).origin === text;
  return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+(?::\d{1,5})?$/.test(text);
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

/** A key in the form of Standard Webhooks. */
export function webhookSecret(howToMake: string, words: Words<string>): Setting<string> {
  return setting({ ...words, isSecret: true }, '', (raw) => {
    const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(raw)?.[1] ?? '';
    const bytes = Buffer.from(base64, 'base64').length;
    if (bytes < 24 || bytes > 64) throw new Error(`must be whsec_ and 24 to 64 bytes in base64; ${howToMake}`);
    return raw;
  });
}

/** Five fields of cron: minute, hour, day of month, month, day of week. */
export function cron(words: Words<string>): Setting<string> {
  return setting(words, words.default ?? '', (raw) => {
    const sentence = 'must be five fields of cron: minute, hour, day of month, month, day of week';
    if (raw.split(/\s+/).length !== 5) throw new Error(sentence);
    try {
      new CronTime(raw, 'UTC').sendAt(); // also fails when such a time never comes, like 30 February
    } catch (error) {
      const [reason] = (error as Error).message.split('\n');
      throw new Error(`${sentence} (${reason})`, { cause: error });
    }
    return raw;
  });
}

export function timeZone(words: Words<string>): Setting<string> {
  return setting(words, words.default ?? '', (raw) => {
    if (!isTimeZone(raw)) throw new Error('must be an IANA time zone, like Europe/Berlin or UTC');
    return raw;
  });
}
