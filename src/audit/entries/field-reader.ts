import { isIP } from 'node:net';
import { FieldFault, readMoment } from '../../platform/http/field-fault.js';
import { Unread } from '../../platform/http/body/json.js';
import { boundedTextFault, checkPayload, textFault } from '../../platform/http/body/payload-check.js';
import type { FieldError } from '../../platform/http/problem.js';
import type { JsonValue } from '../transparency-log/canonical-json.js';

const MAX_ENTRY_BYTES = 65_536;
const MAX_NAME = 255;

/** Runs `read` over the fields of `raw`. @returns its result, or what is wrong with the first wrong field */
export function readFields<T>(
  raw: unknown,
  known: ReadonlySet<string>,
  read: (fields: FieldReader) => T,
): T | FieldError {
  if (raw instanceof Unread) return raw.fault;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { path: '', message: 'must be a JSON object' };
  }
  try {
    const result = read(new FieldReader(raw as Record<string, unknown>, known));
    // Only after the check of depth: JSON.stringify would overflow the stack on a state nested too deeply.
    if (Buffer.byteLength(JSON.stringify(raw)) > MAX_ENTRY_BYTES) {
      throw new FieldFault('', `is larger than ${MAX_ENTRY_BYTES} bytes`);
    }
    return result;
  } catch (error) {
    if (error instanceof FieldFault) return { path: error.path, message: error.message };
    throw error;
  }
}

/** Reads the fields of one entry as it came from JSON.parse. Absent and null mean the same. */
export class FieldReader {
  constructor(
    private readonly raw: Record<string, unknown>,
    known: ReadonlySet<string>,
  ) {
    for (const field in raw) {
      if (!known.has(field)) throw new FieldFault(field.slice(0, 100), 'is not a known field');
    }
  }

  required(name: string): string {
    return this.text(name) ?? missing(name);
  }

  text(name: string, max = MAX_NAME): string | null {
    const value = this.string(name);
    const fault = value === null ? null : boundedTextFault(value, max);
    if (fault !== null) throw new FieldFault(name, fault);
    return value;
  }

  /** Of any length that fits into an entry; an empty text counts as absent. */
  prose(name: string): string | null {
    const value = this.string(name);
    const fault = value === null ? null : textFault(value);
    if (fault !== null) throw new FieldFault(name, fault);
    return value === '' ? null : value;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback?: T): T {
    const value = this.raw[name] ?? fallback;
    if (value === undefined) return missing(name);
    if (!allowed.includes(value as T)) throw new FieldFault(name, `must be one of ${allowed.join(', ')}`);
    return value as T;
  }

  address(name: string): string | null {
    const value = this.text(name);
    if (value !== null && isIP(value) === 0) throw new FieldFault(name, 'must be an IPv4 or IPv6 address');
    return value;
  }

  /** An object, or a list where `lists` says so. */
  json(name: string, lists = false): JsonValue {
    const value = this.raw[name];
    if (value === undefined || value === null) return null;
    if (typeof value !== 'object' || (Array.isArray(value) && !lists)) {
      throw new FieldFault(name, lists ? 'must be a JSON object or array' : 'must be a JSON object');
    }
    const fault = checkPayload(value, name);
    if (fault !== null) throw new FieldFault(fault.path, fault.message);
    return value as JsonValue;
  }

  id(name: string): number | null {
    const value = this.raw[name];
    if (value === undefined || value === null) return null;
    if (!Number.isSafeInteger(value)) throw new FieldFault(name, 'must be a whole number of at most 53 bits');
    return value as number;
  }

  time(name: string): number | null {
    return readMoment(name, this.string(name), Date.now());
  }

  private string(name: string): string | null {
    const value = this.raw[name];
    if (value === undefined || value === null) return null;
    if (typeof value !== 'string') throw new FieldFault(name, 'must be a string');
    return value;
  }
}

function missing(name: string): never {
  throw new FieldFault(name, 'is missing');
}
