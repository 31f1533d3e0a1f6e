/**
 * Filters on events, evaluated the slow way. Written from docs/filters.md, sharing nothing with src/analytics: numbers
 * are texts, compared digit by digit as whole numbers, and patterns are JavaScript's.
 */
export class Num {
  constructor(readonly text: string) {}
}
export type Json = null | boolean | string | Num | Json[] | { [name: string]: Json };

export interface FilteredEvent {
  event_id: string;
  event_type: string;
  client_id: string;
  user_id: string | null;
  session_id: string | null;
  event_time: string;
  payload: { [name: string]: Json };
  enrichment: { [name: string]: Json } | null;
}

export type OracleFilter =
  { property: string; op: string; value?: Json } | { and: OracleFilter[] } | { or: OracleFilter[] };

/** JSON with the digits of each number as they are. */
export function writeOracleJson(value: Json | OracleFilter): string {
  if (value instanceof Num) return value.text;
  if (Array.isArray(value)) return `[${value.map(writeOracleJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, part]) => `${JSON.stringify(name)}:${writeOracleJson(part)}`)
    .join(',')}}`;
}

export function fits(event: FilteredEvent, filter: OracleFilter): boolean {
  if ('and' in filter) return filter.and.every((part) => fits(event, part));
  if ('or' in filter) return filter.or.some((part) => fits(event, part));
  const { property, op, value = null } = filter;
  const negated = { is_not: 'is', not_in: 'in', not_contains: 'contains', is_not_set: 'is_set' }[op];
  if (negated !== undefined) return !fits(event, { property, op: negated, value });
  const found = valueOf(event, property);
  if (property === 'event_time') return timeFits(event.event_time, op, value);
  switch (op) {
    case 'is':
      return isEqual(found, value);
    case 'in':
      return (value as Json[]).some((one) => isEqual(found, one));
    case 'is_set':
      return found !== undefined && found !== null;
    case 'contains':
      return typeof found === 'string' && found.includes(value as string);
    case 'starts_with':
      return typeof found === 'string' && found.startsWith(value as string);
    case 'matches':
      return typeof found === 'string' && toRegExp(value as string).test(found);
    case 'between': {
      const [low, high] = value as [Json, Json];
      return ordered('gte', compare(found, low)) && ordered('lte', compare(found, high));
    }
    default:
      return ordered(op, compare(found, value));
  }
}

export function toRegExp(pattern: string): RegExp {
  const ignoring = pattern.startsWith('(?i)');
  return new RegExp(ignoring ? pattern.slice(4) : pattern, ignoring ? 'iu' : 'u');
}

function timeFits(time: string, op: string, value: Json): boolean {
  const at = Date.parse(time);
  const [first, second] = (Array.isArray(value) ? value : [value]).map((one) => Date.parse(one as string));
  if (op === 'is_set') return true;
  if (op === 'is' || op === 'in')
    return (Array.isArray(value) ? value : [value]).some((one) => Date.parse(one as string) === at);
  if (op === 'between') return at >= first! && at <= second!;
  return ordered(op, Math.sign(at - first!));
}

const ordered = (op: string, sign: number | null): boolean =>
  sign !== null &&
  ((op === 'gt' && sign > 0) ||
    (op === 'gte' && sign >= 0) ||
    (op === 'lt' && sign < 0) ||
    (op === 'lte' && sign <= 0));

/** null where the two have no order. */
function compare(a: Json | undefined, b: Json): number | null {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a instanceof Num && b instanceof Num ? compareNumbers(a, b) : null;
}

function compareNumbers(a: Num, b: Num): number {
  const [x, y] = [read(a.text), read(b.text)];
  const exponent = Math.min(x.exponent, y.exponent);
  const [p, q] = [x, y].map((one) => one.digits * 10n ** BigInt(one.exponent - exponent)) as [bigint, bigint];
  return p < q ? -1 : p > q ? 1 : 0;
}

function read(text: string): { digits: bigint; exponent: number } {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return {
    digits: BigInt(whole.replace('-', '') + fraction) * (text.startsWith('-') ? -1n : 1n),
    exponent: Number(exponent) - fraction.length,
  };
}

function isEqual(a: Json | undefined, b: Json): boolean {
  if (a instanceof Num && b instanceof Num) return compareNumbers(a, b) === 0;
  return a === b;
}

/** undefined where the event lacks the property; a field that it lacks is null. */
function valueOf(event: FilteredEvent, name: string): Json | undefined {
  if (['event_type', 'client_id', 'user_id', 'session_id'].includes(name)) return event[name as 'user_id'];
  const root = /^(payload|enrichment)\.(.*)$/s.exec(name);
  const whole = root?.[1] === 'enrichment' ? (event.enrichment ?? {}) : event.payload;
  const key = root?.[2] ?? name;
  if (Object.hasOwn(whole, key)) return whole[key];
  // a dot that belongs to a key is put aside
  const path = key
    .replaceAll('\\.', '\0')
    .split('.')
    .map((part) => part.replaceAll('\0', '.'));
  let found: Json | undefined = whole;
  for (const part of path) {
    if (typeof found !== 'object' || found === null || found instanceof Num || !Object.hasOwn(found, part))
      return undefined;
    found = (found as { [name: string]: Json })[part];
  }
  return found;
}
