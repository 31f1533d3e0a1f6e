import { badRequest } from './problem.js';
import { isUuid } from '../database/uuid7.js';

/** For a cursor that no page of ours returned. */
export const unknownCursor = () =>
  badRequest('cursor is not a cursor of this API. Use the next_cursor of the previous page.', [
    { path: 'cursor', message: 'is not a cursor of this API' },
  ]);

/** Where a newest-first list by UUIDv7 continues: at rows with an id below it. */
export function encodeCursor(id: string): string {
  return Buffer.from(id, 'latin1').toString('base64url');
}

/** @throws Problem 400 for anything that {@link encodeCursor} did not make */
export function decodeCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!isUuid(id) || encodeCursor(id) !== cursor) throw unknownCursor();
  return id;
}

export interface Page<T> {
  data: T[];
  /** null on the last page. */
  next_cursor: string | null;
}

/** Makes a page of up to `limit` + 1 rows. */
export function toPage<T extends { id: string }>(rows: T[], limit: number): Page<T> {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  return { data, next_cursor: rows.length > limit && last !== undefined ? encodeCursor(last.id) : null };
}
