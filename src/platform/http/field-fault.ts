import { DAY_MS, parseDateTime } from '../time/time.js';

/** Thrown by hand-written parsers at the first field that is wrong. */
export class FieldFault extends Error {
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/** Earliest time that can be recorded. */
export const EARLIEST_TIME = Date.UTC(2000, 0, 1);

/** When something happened, in milliseconds since 1970; null when the field is absent. @throws FieldFault */
export function readMoment(field: string, value: unknown, now: number): number | null {
  if (value === undefined || value === null) return null;
  const time = typeof value === 'string' ? parseDateTime(value) : null;
  if (time === null) {
    throw new FieldFault(field, 'must be an RFC 3339 date-time with an offset, like 2026-11-20T08:00:00Z');
  }
  if (time < EARLIEST_TIME || time > now + DAY_MS) {
    throw new FieldFault(field, 'must lie between 2000-01-01 and one day from now');
  }
  return time;
}
