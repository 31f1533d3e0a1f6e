interface Fault {
  /** Counted from 1. */
  line: number;
  /** What is wrong with it and what to do; never the line itself, which may hold a password. */
  why: string;
}

const EMPTY = /^\s*(?:#.*)?$/;
const SETTING = /^\s*(?:export\s+)?[\w.-]+\s*=\s*(.*)$/;
const NO_SETTING = 'this is neither NAME=value nor a comment. Correct it, or put # before it.';

/**
 * What keeps a text from being a file of settings. Node's own parser has no errors: it takes a line without `=` for the
 * beginning of the next name, and a quote that is not closed for a part of the value.
 */
export function faultOfEnvFile(text: string): Fault | null {
  if (text.includes('\0')) return { line: 1, why: 'this is not text in UTF-8. Save the file as UTF-8.' };
  const lines = text.split(/\r?\n|\r/);
  for (let n = 0; n < lines.length; n++) {
    const line = lines[n]!; // n is below the length
    if (EMPTY.test(line)) continue;
    const value = SETTING.exec(line)?.[1];
    if (value === undefined) return { line: n + 1, why: NO_SETTING };
    const end = endOfValue(lines, n, value);
    if (end === null) return { line: n + 1, why: `the quote ${value[0]} is not closed.` };
    n = end;
  }
  return null;
}

/** @returns the line in which a value that begins in line `n` ends; null when its quote is never closed */
function endOfValue(lines: readonly string[], n: number, value: string): number | null {
  const quote = /^["'`]/.exec(value)?.[0];
  if (quote === undefined || value.indexOf(quote, 1) !== -1) return n;
  const end = lines.findIndex((line, position) => position > n && line.includes(quote));
  return end === -1 ? null : end;
}
