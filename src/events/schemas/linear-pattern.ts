import { RE2JS } from 're2js';
import { SchemaFault } from './schema-fault.js';

const MAX_PATTERN_LENGTH = 500;
/** Instructions of the compiled pattern: `(.{0,50}a){0,20}` has 2,000. */
const MAX_PROGRAM = 1_000;

/**
 * Replaces RegExp in ajv. RE2 matches in time linear in the length of the text, whatever the pattern. It has no
 * look-around and no back-references, which make other engines take exponential time.
 */
export function linearRegExp(pattern: string): { test: (text: string) => boolean } {
  const compiled = compile(pattern);
  return { test: (text) => compiled.test(text) };
}
/** ajv writes this into standalone code, which is never generated here. */
linearRegExp.code = 'linearRegExp';

/** @throws SchemaFault when a `pattern` is not one of ECMA-262 (with the flag u) that RE2 can do, or is too large */
export function checkPattern(pattern: unknown, path: string): void {
  if (typeof pattern !== 'string') throw new SchemaFault(path, 'must be a string');
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new SchemaFault(path, `is longer than ${MAX_PATTERN_LENGTH} characters`);
  }
  try {
    new RegExp(pattern, 'u'); // parses, and matches nothing
  } catch {
    throw new SchemaFault(path, 'is not a regular expression');
  }
  // The two dialects read these differently.
  if (/\\k</.test(pattern) || pattern.includes('[:')) {
    throw new SchemaFault(path, 'uses a back-reference or [:, which are not supported');
  }
  let size: number;
  try {
    size = compile(pattern).programSize();
  } catch {
    throw new SchemaFault(
      path,
      'uses look-around, a back-reference or more than 1,000 repetitions, which are not supported',
    );
  }
  if (size > MAX_PROGRAM) throw new SchemaFault(path, 'repeats too much; make its {n,m} smaller');
}

function compile(pattern: string): RE2JS {
  return RE2JS.compile(RE2JS.translateRegExp(pattern));
}
