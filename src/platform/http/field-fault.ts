import { DAY_MS, parseDateTime } from '../time/time.js';
import type { FieldError } from './problem.js';

/** Thrown where a field has the right shape and says what cannot be. */
export class FieldFault extends Error {
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/** Everything that is wrong with one event or entry; its own path and message are those of the first fault. */
export interface Refusal extends FieldError {
  errors: FieldError[];
}

/** Of one of many, so many faults are told. */
const MAX_TOLD = 20;

export function refusal(faults: readonly FieldError[]): Refusal {
  const [{ path, message } = { path: '', message: 'is not valid' }] = faults;
  return { path, message, errors: faults.slice(0, MAX_TOLD) };
}

export function allFaults(fault: FieldError | Refusal): FieldError[] {
  return 'errors' in fault ? fault.errors : [fault];
}

/** What each of `checks` throws of {@link FieldFault}. */
export function faultsOfEach(checks: readonly (() => unknown)[]): FieldError[] {
  return checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
      return [{ path: error.path, message: error.message }];
    }
  });
}

/** Earliest time that can be recorded. */
export const EARLIEST_TIME = Date.UTC(2000, 0, 1);

/**
 * When something happened, in milliseconds since 1970; null when the field is absent.
 * @param value of the shape that {@link DATE_TIME} describes
 * @throws FieldFault
 */
export function readMoment(field: string, value: string | null | undefined, now: number): number | null {
  if (value === undefined || value === null) return null;
  const time = parseDateTime(value);
  if (time === null) {
    throw new FieldFault(field, 'must be an RFC 3339 date-time with an offset, like 2026-11-20T08:00:00Z');
  }
  if (time < EARLIEST_TIME || time > now + DAY_MS) {
    throw new FieldFault(field, 'must be between 2000-01-01 and one day from now');
  }
  return time;
}
