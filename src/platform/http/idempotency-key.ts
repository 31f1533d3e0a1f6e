import { hash } from 'node:crypto';
import { boundedTextFault } from './body/payload-check.js';
import { FieldFault } from './field-fault.js';
import { badRequest } from './problem.js';

/** The name of the header, as answers write it. */
export const IDEMPOTENCY_KEY = 'Idempotency-Key';
const MAX_KEY = 255;

/**
 * What a request says of the id of a record besides the record itself: `key` must be its id if it has one, `part` is
 * one for a record that has none.
 */
export interface KeyOfRequest {
  key?: string | undefined;
  part?: string | undefined;
}

/** The header as a key that can be stored; undefined when there is none. @throws Problem 400 */
export function readIdempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const message = boundedTextFault(header, MAX_KEY);
  if (message !== null) throw badRequest(`${IDEMPOTENCY_KEY} ${message}.`, [{ path: IDEMPOTENCY_KEY, message }]);
  return header;
}

/**
 * The key of one of several that a request brings, by its place among them: so a request that is sent again stores
 * nothing twice. One that has an id of its own keeps that.
 */
export function keyOfPart(key: string | undefined, index: number): string | undefined {
  if (key === undefined) return undefined;
  const text = `${key}:${index}`;
  return text.length <= MAX_KEY ? text : `sha256:${hash('sha256', key)}:${index}`;
}

/**
 * @param given what the body says
 * @throws FieldFault when the header says something else
 */
export function sameKey(key: string | undefined, name: string, given: string | null | undefined): void {
  if (key === undefined || given === undefined || given === null || given === key) return;
  throw new FieldFault(IDEMPOTENCY_KEY, `differs from ${name} in the body; send only one of them`);
}
