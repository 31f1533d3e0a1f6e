import { generateSampleEvents, type SampleEvent } from '../../src/events/sample-data/sample-data.js';

const UNTIL = new Date('2026-03-18T10:30:00Z');

const generate = (count: number, seed = 7, days = 30): SampleEvent[] => [
  ...generateSampleEvents({ count, seed, until: UNTIL, days }),
];

const countBy = (
  events: readonly SampleEvent[],
  key: (event: SampleEvent) => string | number,
): Map<string | number, number> =>
  events.reduce(
    (counts, event) => counts.set(key(event), (counts.get(key(event)) ?? 0) + 1),
    new Map<string | number, number>(),
  );

describe('generateSampleEvents', () => {
  const events = generate(20_000);

  it('gives the same events for the same options', () => {
    // Compared as text: a deep comparison of 20,000 objects takes seconds.
    expect(JSON.stringify(generate(20_000)) === JSON.stringify(events)).toBe(true);
  });

  it('gives other ids for another seed, count or period', () => {
    const ids = new Set(generate(500).map((event) => event.event_id));
    for (const other of [generate(500, 8), generate(501), generate(500, 7, 29)]) {
      expect(other.filter((event) => ids.has(event.event_id))).toEqual([]);
    }
  });

  it.each([0, 1, 2, 17, 1000, 12_345])('gives as many events as asked for, each with its own id: %d', (count) => {
    const ids = generate(count).map((event) => event.event_id);
    expect(ids).toHaveLength(count);
    expect(new Set(ids).size).toBe(count);
  });

  it.each([1, 30])('keeps to the period, in order of time: %d days', (days) => {
    const times = generate(5000, 3, days).map((event) => Date.parse(event.event_time));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(UNTIL.getTime() - days * 86_400_000);
    expect(times.at(-1)).toBeLessThan(UNTIL.getTime());
    expect(times.at(-1)).toBeGreaterThan(UNTIL.getTime() - 86_400_000);
  });

  it('narrows from step to step of the purchase funnel', () => {
    const counts = countBy(events, (event) => event.event_type);
    const of = (type: string): number => counts.get(type) ?? 0;
    expect(of('page_view')).toBeGreaterThan(of('product_view'));
    expect(of('product_view')).toBeGreaterThan(2 * of('add_to_cart'));
    expect(of('add_to_cart')).toBeGreaterThan(1.4 * of('checkout_started'));
    expect(of('checkout_started')).toBeGreaterThan(1.2 * of('purchase_completed'));
    expect(of('purchase_completed')).toBeGreaterThan(100);
    for (const type of ['signup', 'login', 'search', 'error']) expect(of(type)).toBeGreaterThan(50);
  });

  it('takes the steps of a session at strictly later times and by one user', () => {
    const last = new Map<string, SampleEvent>();
    const wrong = events.filter((event) => {
      const before = last.get(event.session_id);
      last.set(event.session_id, event);
      return before !== undefined && (event.event_time <= before.event_time || event.user_id !== before.user_id);
    });
    expect(wrong).toEqual([]);
  });

  it('has users who come back from the same country', () => {
    const sessions = new Map<string, Set<string>>();
    const countries = new Map<string, Set<unknown>>();
    for (const event of events) {
      sessions.set(event.user_id, (sessions.get(event.user_id) ?? new Set()).add(event.session_id));
      countries.set(event.user_id, (countries.get(event.user_id) ?? new Set()).add(event.payload['country']));
    }
    const returning = [...sessions.values()].filter((ids) => ids.size > 1);
    expect(returning.length).toBeGreaterThan(sessions.size * 0.3);
    expect([...countries.values()].every((set) => set.size === 1)).toBe(true);
  });

  it('is busier in the evening than at night and on Tuesday than on Saturday', () => {
    const hours = countBy(events, (event) => new Date(event.event_time).getUTCHours());
    expect(hours.get(20)).toBeGreaterThan(5 * (hours.get(4) ?? 0));
    const days = countBy(generate(20_000, 7, 28), (event) => new Date(event.event_time).getUTCDay());
    expect(days.get(2)).toBeGreaterThan(1.2 * (days.get(6) ?? 0));
  });

  it('puts a revenue and a currency on every purchase', () => {
    const purchases = events.filter(({ event_type }) => event_type === 'purchase_completed');
    const priced = purchases.filter(
      ({ payload }) => Number(payload['revenue']) > 0 && /^[A-Z]{3}$/.test(String(payload['currency'])),
    );
    expect(priced).toHaveLength(purchases.length);
  });
});
