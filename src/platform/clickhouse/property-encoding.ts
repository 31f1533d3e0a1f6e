import { ExactNumber, isJsonObject } from '../json/exact-number.js';
import { readJson } from '../json/json-text.js';

/**
 * How properties of events are written for ClickHouse: an object becomes a flat one, of paths and texts. Equal texts
 * are equal values of jsonb, and the order of the bytes is that of texts by code point and of numbers by all their
 * digits. So every operator of a filter is a comparison of texts, and a question about one property reads one column.
 *
 * The first character of a text says its type; see TAG.
 */
export const TAG = { text: 's', number: 'n', true: 't', false: 'f', null: 'z', array: 'a', object: 'o' } as const;

/** Parts of a path that has a column of its own. What is nested deeper is only within the value above it. */
export const MAX_PATH_PARTS = 5;

type JsonObject = Readonly<Record<string, unknown>>;

/** Every member of the object and of the objects in it, by its path. Arrays are values as they stand. */
export function flattenProperties(object: JsonObject): Record<string, string> {
  const flat: Record<string, string> = {};
  addMembers(flat, object, []);
  return flat;
}

function addMembers(flat: Record<string, string>, object: JsonObject, above: readonly string[]): void {
  for (const [name, value] of Object.entries(object)) {
    const path = [...above, name];
    flat[pathOf(path)] = encodeValue(value);
    if (isJsonObject(value) && path.length < MAX_PATH_PARTS) addMembers(flat, value, path);
  }
}

/** `['data', 'a.b']` → `/data/a%2eb`: no character of it means anything to ClickHouse. */
export const pathOf = (parts: readonly string[]): string => `/${parts.map(encodePart).join('/')}`;

/** Every byte but those of letters, digits, _ and - as %xx. */
function encodePart(part: string): string {
  if (/^[\w-]*$/.test(part)) return part;
  return Buffer.from(part)
    .toString('latin1')
    .replace(/[^\w-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** @param value of JSON, as readJson returns it */
export function encodeValue(value: unknown): string {
  if (typeof value === 'string') return TAG.text + value;
  if (typeof value === 'number' || value instanceof ExactNumber) return TAG.number + encodeNumber(String(value));
  if (typeof value === 'boolean') return value ? TAG.true : TAG.false;
  if (Array.isArray(value)) return TAG.array + canonical(value);
  return isJsonObject(value) ? TAG.object + canonical(value) : TAG.null;
}

/** What {@link encodeValue} was given, but for the spelling of numbers. */
export function decodeValue(text: string): unknown {
  const [tag, rest] = [text.charAt(0), text.slice(1)];
  switch (tag) {
    case TAG.text:
      return rest;
    case TAG.number:
      return readJson(plainNumber(rest));
    case TAG.true:
      return true;
    case TAG.false:
      return false;
    case TAG.array:
    case TAG.object:
      return readJson(rest);
    default:
      return null;
  }
}

/** The number behind its order key. */
const plainNumber = (encoded: string): string => encoded.slice(encoded.indexOf(' ') + 1);

/** More than an exponent can be: the database keeps 400 digits, a double knows exponents to 324. */
const MIDDLE = 5_000;

/**
 * A number as a key in the order of numbers, and behind a blank in plain digits: sign, place of the point, digits. Of
 * negative ones each digit is turned around, and what follows them is above every digit, as the shorter is the greater.
 */
function encodeNumber(text: string): string {
  const { negative, digits, point } = decimalOf(text);
  if (digits === '') return '1 0';
  const plain = plainOf(digits, point);
  if (!negative) return `2${MIDDLE + point}${digits} ${plain}`;
  const turned = digits.replace(/\d/g, (digit) => String(9 - Number(digit)));
  return `0${MIDDLE - point}${turned}~ -${plain}`;
}

/** 0.`digits` × 10^`point`, without zeros at the ends. */
function decimalOf(text: string): { negative: boolean; digits: string; point: number } {
  const [mantissa = '', exponent = '0'] = text.replace(/^-/, '').split(/[eE]/);
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = whole + fraction;
  const start = all.search(/[1-9]/);
  const digits = start === -1 ? '' : all.slice(start).replace(/0+$/, '');
  return { negative: text.startsWith('-'), digits, point: whole.length + Number(exponent) - start };
}

function plainOf(digits: string, point: number): string {
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return digits.padEnd(point, '0');
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** As jsonb prints it: members by the length of their names, then by their bytes; numbers without zeros at the end. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(', ')}]`;
  if (typeof value === 'number' || value instanceof ExactNumber) return plainNumber(encodeNumber(String(value)));
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value)
    .map(([name, member]) => ({ bytes: Buffer.from(name), name, member }))
    .sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes));
  return `{${members.map(({ name, member }) => `${JSON.stringify(name)}: ${canonical(member)}`).join(', ')}}`;
}
