import { unknownCursor } from '../../platform/http/cursor.js';
import { dateTimeFault } from '../../platform/time/time.js';
import { isUuid } from '../../platform/database/uuid7.js';
import type { ExportedEntry } from '../entries/entry.js';
import type { Position } from './entry-filter.js';

const OCCURRED_AT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

export function encodePosition({ occurredAt, id }: Position): string {
  return Buffer.from(`${occurredAt} ${id}`, 'latin1').toString('base64url');
}

/** @throws Problem 400 for anything that {@link encodePosition} did not make */
export function decodePosition(cursor: string): Position {
  const [occurredAt = '', id = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ');
  const position = { occurredAt, id };
  const valid = OCCURRED_AT.test(occurredAt) && dateTimeFault(occurredAt) === null && isUuid(id);
  if (!valid || encodePosition(position) !== cursor) throw unknownCursor();
  return position;
}

export const positionOf = (entry: ExportedEntry): Position => ({ occurredAt: entry.occurred_at, id: entry.id });
