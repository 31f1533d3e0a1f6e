import { decodeCursor, encodeCursor, toPage } from '../../src/platform/http/cursor.js';
import { connectionString, isConnectionError } from '../../src/platform/database/database.js';
import { allows, commonScopes, SCOPES } from '../../src/platform/http/principal.js';
import { dateTimeFault, parseDateTime } from '../../src/platform/time/time.js';
import { isUuid, uuid7, uuid7Bytes, uuid7Time } from '../../src/platform/database/uuid7.js';

describe('UUIDv7', () => {
  it('never goes backwards within a process, even when the clock does', () => {
    const ids = Array.from({ length: 20_000 }, (_, n) => uuid7(n === 10_000 ? 5 : undefined));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => isUuid(id) && id[14] === '7' && '89ab'.includes(id[19]!))).toBe(true);
  });

  it('holds its time in milliseconds', () => {
    const future = Date.now() + 1_000_000;
    expect(uuid7Time(uuid7Bytes(future))).toBe(future);
  });
});

describe('cursor', () => {
  it('comes back as it went', () => {
    const id = uuid7();
    expect(decodeCursor(encodeCursor(id))).toBe(id);
  });

  it.each(['', 'x', '../..', "' or 1=1 --", encodeCursor('not-a-uuid')])('refuses %j', (cursor) => {
    expect(() => decodeCursor(cursor)).toThrow(/next_cursor/);
  });

  it('ends the list with null', () => {
    const rows = [{ id: uuid7() }, { id: uuid7() }];
    expect(toPage(rows, 2).next_cursor).toBeNull();
    expect(toPage(rows, 1)).toEqual({ data: [rows[0]], next_cursor: encodeCursor(rows[0]!.id) });
  });
});

describe('scopes', () => {
  it('include the narrower ones', () => {
    expect(allows(['platform'], 'write')).toBe(true);
    expect(allows(['admin'], 'read')).toBe(true);
    expect(allows(['admin'], 'platform')).toBe(false);
    expect(allows(['write'], 'read')).toBe(false);
    expect(allows(['write'], 'track')).toBe(true);
    expect(allows(['read'], 'track')).toBe(false);
    expect(SCOPES.filter((scope) => allows(['track'], scope))).toEqual(['track']);
  });

  it('of two credentials have in common what both allow', () => {
    for (const some of SCOPES) {
      for (const others of SCOPES) {
        const common = commonScopes([some], [others]);
        for (const scope of SCOPES)
          expect(allows(common, scope)).toBe(allows([some], scope) && allows([others], scope));
      }
    }
  });
});

describe('RFC 3339 date-times', () => {
  it.each([
    ['2026-11-20T08:00:00Z', Date.UTC(2026, 10, 20, 8)],
    ['2026-11-20t08:00:00.1234z', Date.UTC(2026, 10, 20, 8, 0, 0, 123)],
    ['2024-02-29T00:00:00+05:30', Date.UTC(2024, 1, 28, 18, 30)],
  ])('reads %s', (text, ms) => expect(parseDateTime(text)).toBe(ms));

  it.each([
    '2023-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-20T24:00:01Z',
    '2026-11-20T08:00:00+24:00',
    '2026-11-20T08:00:00+14:60',
    '2026-11-20 08:00:00Z',
    '20261120',
    '',
  ])('refuses %j', (text) => expect(parseDateTime(text)).toBeNull());
});

describe('times that can be asked for', () => {
  it.each(['1900-01-01T00:00:00Z', '2999-12-31T23:59:59.999Z', '1899-12-31T23:59:59-00:01'])('are %s', (text) =>
    expect(dateTimeFault(text)).toBeNull(),
  );

  it.each(['0000-01-01T00:00:00Z', '1899-12-31T23:59:59Z', '3000-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59'])(
    'are not %s',
    (text) => expect(dateTimeFault(text)).toBe('must be in the years 1900 to 2999'),
  );

  it('are explained where an address has turned a plus into a space', () => {
    expect(dateTimeFault('2026-11-20T08:00:00 02:00')).toContain('%2B');
    expect(dateTimeFault('2026-11-20 08:00:00Z')).not.toContain('%2B');
    expect(dateTimeFault(5)).not.toContain('%2B');
  });
});

describe('database connections', () => {
  it('carry role and durability in their start-up options, beside those of the operator', () => {
    const url = new URL(connectionString('postgresql://h/db?options=-c%20work_mem%3D8MB', 'tidemark_app'));
    expect(url.searchParams.get('options')).toBe(
      '-c work_mem=8MB -c role=tidemark_app -c synchronous_commit=on -c timezone=UTC',
    );
  });

  it('tell an absent database from a wrong statement', () => {
    expect(isConnectionError(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))).toBe(true);
    expect(isConnectionError(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isConnectionError(new TypeError('x is not a function'))).toBe(false);
  });
});
