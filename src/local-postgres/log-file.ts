import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const ROTATE_BYTES = 10 * 1024 * 1024;

/** Opens a log for appending; one that has grown large is first moved to `<path>.1`, replacing the one before. */
export function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > ROTATE_BYTES) renameSync(path, `${path}.1`);
  return openSync(path, 'a');
}

export function logSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** What was written to the log from byte `start` on, the last `maxBytes` of it at most. */
export function readLog(path: string, start: number, maxBytes = 65_536): string {
  if (logSize(path) <= start) return '';
  const file = openSync(path, 'r');
  try {
    const end = fstatSync(file).size;
    const from = Math.max(start, end - maxBytes);
    const buffer = Buffer.alloc(end - from);
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, from));
  } finally {
    closeSync(file);
  }
}

/** The last lines written from byte `start` on. */
export function tailLog(path: string, start: number, lines = 20): string {
  return readLog(path, start).trimEnd().split('\n').slice(-lines).join('\n');
}
