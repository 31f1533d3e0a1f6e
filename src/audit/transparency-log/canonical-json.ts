import { ExactNumber } from '../../platform/json/exact-number.js';

export type JsonValue = string | number | boolean | null | ExactNumber | JsonValue[] | { [key: string]: JsonValue };

/** The path of a value; built only when something is wrong with it. */
type Path = (string | number)[];

/**
 * RFC 8785: members sorted by UTF-16 code units, no white space, primitives as ECMAScript writes them. Two JSON texts
 * have the same canonical form exactly when they parse to the same value, so it may pass through jsonb in between. A
 * number that a double cannot hold, which RFC 8785 leaves out, is written with all its digits.
 * @throws TypeError with the path of what JSON cannot represent; leaving that out, as JSON.stringify does, would seal
 *   something other than what is read back
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, []);
}

function write(value: unknown, path: Path): string {
  if (typeof value === 'string') return writeText(value, path);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value === 'boolean' || value === null) return String(value);
  if (value instanceof ExactNumber && !value.isTooLong) return value.digits;
  if (typeof value === 'object') return Array.isArray(value) ? writeArray(value, path) : writeObject(value, path);
  return refuse(path, typeof value === 'number' ? `the number ${value}` : `of the type ${typeof value}`);
}

function writeText(text: string, path: Path): string {
  return text.isWellFormed() ? JSON.stringify(text) : refuse(path, 'a text with half of a surrogate pair');
}

function writeArray(items: readonly unknown[], path: Path): string {
  if (Object.keys(items).length !== items.length) refuse(path, 'an array with holes or members of its own');
  const depth = path.length;
  const texts = items.map((item, n) => {
    path[depth] = n;
    return write(item, path);
  });
  path.length = depth;
  return `[${texts.join(',')}]`;
}

function writeObject(object: object, path: Path): string {
  const keys = Object.keys(object);
  if (!isPlain(object)) refuse(path, `an object of the class ${object.constructor.name}`);
  if (Reflect.ownKeys(object).length !== keys.length) refuse(path, 'an object with symbols or hidden members');
  const depth = path.length;
  const members = keys.sort().map((key) => {
    path[depth] = key.slice(0, 100);
    return `${writeText(key, path)}:${write((object as Record<string, unknown>)[key], path)}`;
  });
  path.length = depth;
  return `{${members.join(',')}}`;
}

/** Not a Date or a Map, which hold more than their members. The root prototype may be that of another realm. */
function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object) as object | null;
  const isRoot = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isRoot && typeof (object as { toJSON?: unknown }).toJSON !== 'function';
}

function refuse(path: Path, what: string): never {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`));
  throw new TypeError(`$${steps.join('')} is ${what}, which JSON cannot say`);
}
