import { ExactNumber, TOO_LONG } from '../../json/exact-number.js';
import { Unread } from './json.js';
import type { FieldError } from '../problem.js';

export const MAX_DEPTH = 32;
export const MAX_KEYS = 1_000;

/**
 * Finds what PostgreSQL's jsonb cannot hold, and what would make one event expensive: strings with NUL or a lone
 * surrogate, numbers that are not finite (JSON.parse turns 1e400 into Infinity), more than 32 levels, more than 1,000
 * keys. Recursion goes no deeper than the limit, so a hostile payload cannot exhaust the stack.
 * @param maxElements of all arrays together
 * @returns the first fault, or null
 */
export function checkPayload(payload: object, path: string, maxElements = Infinity): FieldError | null {
  return new PayloadCheck(maxElements).visit(payload, path, 1);
}

class PayloadCheck {
  private keys = 0;
  private elements = 0;

  constructor(private readonly maxElements: number) {}

  visit(value: object, path: string, depth: number): FieldError | null {
    if (value instanceof Unread) return { path, message: value.fault.message };
    if (depth > MAX_DEPTH) return { path, message: `is nested deeper than ${MAX_DEPTH} levels` };
    return Array.isArray(value) ? this.visitArray(value, path, depth) : this.visitObject(value, path, depth);
  }

  private visitArray(items: readonly unknown[], path: string, depth: number): FieldError | null {
    this.elements += items.length;
    if (this.elements > this.maxElements)
      return { path, message: `has more than ${this.maxElements} elements in arrays` };
    for (let index = 0; index < items.length; index++) {
      const fault = this.visitValue(items[index], path, index, depth);
      if (fault !== null) return fault;
    }
    return null;
  }

  private visitObject(object: object, path: string, depth: number): FieldError | null {
    for (const key of Object.keys(object)) {
      if (++this.keys > MAX_KEYS) return { path, message: `has more than ${MAX_KEYS} keys` };
      const keyFault = textFault(key);
      if (keyFault !== null) return { path, message: `has a key that ${keyFault}` };
      const fault = this.visitValue((object as Record<string, unknown>)[key], path, key, depth);
      if (fault !== null) return fault;
    }
    return null;
  }

  /** The path of a value is built only when something is wrong with it. */
  private visitValue(value: unknown, parent: string, key: string | number, depth: number): FieldError | null {
    if (typeof value === 'string') {
      const fault = textFault(value);
      return fault === null ? null : { path: join(parent, key), message: fault };
    }
    if (typeof value === 'number') {
      return Number.isFinite(value) ? null : { path: join(parent, key), message: 'is not a finite number' };
    }
    if (typeof value !== 'object' || value === null) return null;
    if (value instanceof ExactNumber) return value.isTooLong ? { path: join(parent, key), message: TOO_LONG } : null;
    return this.visit(value, join(parent, key), depth + 1);
  }
}

/** Why PostgreSQL could not store a text, or null when it can. */
export function textFault(text: string): string | null {
  if (text.includes('\0')) return 'contains the character NUL (\\u0000), which cannot be stored';
  if (!text.isWellFormed()) return 'contains half of a surrogate pair, which is not valid Unicode';
  return null;
}

/** Why a text is not one of 1 to `max` storable characters, or null when it is. */
export function boundedTextFault(text: string, max: number): string | null {
  // Length in UTF-16 units is never less than in characters, so most texts need not be counted.
  if (text.length === 0 || (text.length > max && [...text.slice(0, 2 * max + 1)].length > max)) {
    return `must be 1 to ${max} characters long`;
  }
  return textFault(text);
}

function join(parent: string, key: string | number): string {
  if (typeof key === 'number') return `${parent}[${key}]`;
  return parent === '' ? key.slice(0, 100) : `${parent}.${key.slice(0, 100)}`;
}
