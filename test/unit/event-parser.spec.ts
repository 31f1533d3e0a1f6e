import { isFault, parseEvent } from '../../src/events/parsing/event-parser.js';
import type { Principal } from '../../src/platform/http/principal.js';
import { formatUuid } from '../../src/platform/database/uuid7.js';

const principal: Principal = {
  tenantId: '00000000-0000-7000-8000-000000000000',
  clientId: 'shop',
  keyId: null,
  keyName: 'test',
  scopes: ['write'],
  rateLimit: 600,
  rateWindowSeconds: 60,
  eventLimit: null,
};

const parse = (raw: unknown) => parseEvent(raw, principal);

function accepted(raw: unknown) {
  const event = parse(raw);
  if (isFault(event)) throw new Error(`${event.path} ${event.message}`);
  return event;
}

describe('parseEvent', () => {
  it('takes an event with a type alone and gives it an id and an event_id', () => {
    const event = accepted({ event_type: 'login' });
    expect(event).toMatchObject({ eventType: 'login', payload: '{}', userId: null, sessionId: null, eventTime: null });
    expect(event.eventId).toBe(formatUuid(event.id));
  });

  it('reads the aliases idempotency_key and properties', () => {
    const event = accepted({ event_type: 'login', idempotency_key: 'k1', properties: { a: 1 } });
    expect(event).toMatchObject({ eventId: 'k1', payload: '{"a":1}' });
  });

  it('gives the same ledger key to the same id of one client, and another to another client', () => {
    const key = (raw: unknown, clientId: string) => {
      const event = parseEvent(raw, { ...principal, clientId });
      return isFault(event) ? '' : event.key.toString('hex');
    };
    const raw = { event_type: 'login', event_id: 'k1' };
    expect(key(raw, 'shop')).toBe(key({ ...raw, event_type: 'logout' }, 'shop'));
    expect(key(raw, 'shop')).not.toBe(key(raw, 'app'));
    expect(key(raw, 'shop')).toHaveLength(32);
  });

  it('keeps own properties that look like prototypes, and touches no prototype', () => {
    const raw = JSON.parse(
      '{"event_type":"x","payload":{"__proto__":{"polluted":true},"constructor":{"a":1}}}',
    ) as unknown;
    expect(accepted(raw).payload).toBe('{"__proto__":{"polluted":true},"constructor":{"a":1}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('takes texts of 255 characters, counted as people count', () => {
    expect(accepted({ event_type: '🌊'.repeat(255) }).eventType).toHaveLength(510);
    expect(parse({ event_type: '🌊'.repeat(256) })).toMatchObject({ path: 'event_type' });
  });

  it.each([
    ['an array', [], ''],
    ['null', null, ''],
    ['a string', 'x', ''],
    ['no type', {}, 'event_type'],
    ['an empty type', { event_type: '' }, 'event_type'],
    ['a number as type', { event_type: 7 }, 'event_type'],
    ['a type with NUL', { event_type: 'a\0' }, 'event_type'],
    ['a lone surrogate in user_id', { event_type: 'x', user_id: '\ud800' }, 'user_id'],
    ['an event_id of 256 characters', { event_type: 'x', event_id: 'a'.repeat(256) }, 'event_id'],
    ['two different ids', { event_type: 'x', event_id: 'a', idempotency_key: 'b' }, 'idempotency_key'],
    ['an unknown field', { event_type: 'x', evnt: 1 }, 'evnt'],
    ['__proto__ as a field', JSON.parse('{"event_type":"x","__proto__":{}}'), '__proto__'],
    ['an array as payload', { event_type: 'x', payload: [1] }, 'payload'],
    ['NUL deep in the payload', { event_type: 'x', payload: { a: [{ b: '\0' }] } }, 'payload.a[0].b'],
    ['NUL in a payload key', { event_type: 'x', payload: { 'a\0': 1 } }, 'payload'],
    ['1e400 in the payload', { event_type: 'x', payload: JSON.parse('{"n":1e400}') }, 'payload.n'],
    ['33 levels', { event_type: 'x', payload: nested(33) }, 'payload' + '.a'.repeat(32)],
    ['100,000 levels', { event_type: 'x', payload: nested(100_000) }, 'payload' + '.a'.repeat(32)],
    ['1,001 keys', { event_type: 'x', payload: keys(1_001) }, 'payload'],
    ['64 KiB and a byte', { event_type: 'x', payload: { a: 'x'.repeat(65_536) } }, 'payload'],
    ['a date without time', { event_type: 'x', event_time: '2026-01-01' }, 'event_time'],
    ['a time without offset', { event_type: 'x', event_time: '2026-01-01T00:00:00' }, 'event_time'],
    ['30 February', { event_type: 'x', event_time: '2026-02-30T00:00:00Z' }, 'event_time'],
    ['a number as time', { event_type: 'x', event_time: 1_700_000_000 }, 'event_time'],
    ['a time before 2000', { event_type: 'x', event_time: '1999-12-31T23:59:59Z' }, 'event_time'],
    [
      'a time beyond tomorrow',
      { event_type: 'x', event_time: new Date(Date.now() + 90_000_000).toISOString() },
      'event_time',
    ],
  ])('refuses %s and names the field', (_name, raw, path) => {
    const result = parse(raw);
    expect(isFault(result) && result.path).toBe(path);
  });

  it.each([
    ['32 levels', { payload: nested(32) }],
    ['1,000 keys', { payload: keys(1_000) }],
    ['the first moment of 2000', { event_time: '2000-01-01T00:00:00Z' }],
    ['an offset', { event_time: '2026-02-28T23:59:59.999+14:00' }],
  ])('takes %s', (_name, fields) => {
    expect(isFault(parse({ event_type: 'x', ...fields }))).toBe(false);
  });
});

function nested(levels: number): object {
  let value: object = {};
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}

function keys(count: number): object {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]));
}
