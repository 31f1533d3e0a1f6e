import { mulberry32 } from '../../src/events/sample-data/seeded-random.js';
import { Num, type OracleFilter } from './filter-oracle.js';
import type { OracleEvent, Range, Step } from './analytics-oracle.js';

/** Zones, each with a change of its clock (or just a day), in UTC. Midnight is skipped in Cairo and Havana, and comes twice in Havana. */
const PLACES = [
  ['UTC', '2026-03-01T00:00:00Z'],
  ['America/Chicago', '2026-03-08T08:00:00Z'],
  ['America/New_York', '2025-11-02T06:00:00Z'],
  ['Europe/London', '2026-03-29T01:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2025-10-04T15:30:00Z'],
  ['Asia/Kathmandu', '2026-06-01T18:15:00Z'],
  ['Asia/Kolkata', '2026-02-28T18:30:00Z'],
  ['America/St_Johns', '2026-03-08T05:30:00Z'],
  ['Africa/Cairo', '2026-04-23T22:00:00Z'],
  ['America/Havana', '2026-03-08T05:00:00Z'],
  ['America/Havana', '2025-11-02T05:00:00Z'],
  ['Pacific/Chatham', '2026-04-04T14:00:00Z'],
] as const;

const HOUR = 3_600_000;
const TYPES = ['page_view', 'product_view', 'purchase_completed', 'search'];

export interface DataSet {
  seed: number;
  zone: string;
  events: OracleEvent[];
  /** Ranges worth asking for, some of them cut exactly at events. */
  ranges: Range[];
  random: () => number;
}

/** Events around a change of the clock: at round times, at the same time as others, milliseconds off; in any order. */
export function dataSet(seed: number): DataSet {
  const random = mulberry32(seed);
  const int = (max: number) => Math.floor(random() * max);
  const [zone, change] = PLACES[seed % PLACES.length]!;
  const middle = Date.parse(change);
  const spread = [3 * HOUR, 30 * HOUR, 5 * 24 * HOUR, 40 * 24 * HOUR][int(4)]!;
  const users = 1 + int(6);
  const time = () => {
    const at = middle + Math.round((random() * 2 - 1) * spread);
    const round = [1, 1000, 60_000, 15 * 60_000, HOUR, 24 * HOUR][int(6)]!;
    return Math.round(at / round) * round + [0, 0, 0, -1, 1][int(5)]!;
  };
  const events = Array.from({ length: 10 + int(60) }, (_, n): OracleEvent => ({
    event_id: `e-${n}`,
    event_type: TYPES[int(TYPES.length)]!,
    client_id: ['shop', 'app'][int(2)]!,
    user_id: int(10) === 0 ? null : `user-${int(users)}`,
    session_id: int(3) === 0 ? null : `session-${int(users * 2)}`,
    time: time(),
    payload: { ...(int(4) === 0 ? {} : { country: ['DE', 'US', 'JP'][int(3)]! }), price: int(3), vip: int(2) === 0 },
  }));
  const edge = () => (int(2) === 0 ? events[int(events.length)]!.time + int(2) : time());
  const [a, b] = [edge(), edge()];
  const ranges = [
    { from: Math.min(a, b), to: Math.max(a, b) + 1 },
    { from: middle - spread - 48 * HOUR, to: middle + spread + 48 * HOUR },
  ];
  return { seed, zone, events, ranges, random };
}

export function randomFunnel(random: () => number): { steps: Step[]; window_s: number; group_by?: string } {
  const int = (max: number) => Math.floor(random() * max);
  const conditions: NonNullable<Step['where']>[] = [
    { country: 'DE' },
    { price: 1 },
    { vip: true },
    { country: 'US', vip: false },
  ];
  const steps = Array.from({ length: 1 + int(4) }, () => ({
    event_type: TYPES[int(3)]!,
    ...(int(4) === 0 ? { where: conditions[int(4)]! } : {}),
  }));
  const group = int(3) === 0 ? { group_by: ['client_id', 'country'][int(2)]! } : {};
  return { steps, window_s: [60, 3_600, 86_400, 30 * 86_400][int(4)]!, ...group };
}

/** Two or three conditions on what these events have. */
export function randomQuestion(random: () => number): OracleFilter {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  const conditions: OracleFilter[] = [
    { property: 'country', op: pick(['is', 'is_not']), value: 'DE' },
    { property: 'payload.country', op: pick(['in', 'not_in']), value: ['US', 'JP', null] },
    { property: 'country', op: pick(['is_set', 'is_not_set']) },
    { property: 'price', op: pick(['gt', 'lte', 'is']), value: new Num('1') },
    { property: 'price', op: 'between', value: [new Num('0.5'), new Num('2')] },
    { property: 'vip', op: pick(['is', 'is_not']), value: true },
    { property: 'event_type', op: 'in', value: [pick(TYPES), pick(TYPES)] },
    { property: 'event_type', op: pick(['starts_with', 'contains', 'not_contains']), value: pick(['p', 'view', 'e']) },
    { property: 'user_id', op: pick(['matches', 'is_set', 'gt']), value: 'user-[0-2]' },
    { property: 'session_id', op: pick(['is', 'is_not', 'not_in']), value: null },
    { property: 'client_id', op: 'is', value: pick(['shop', 'app']) },
    { property: 'enrichment.segment', op: pick(['is', 'is_not']), value: 'vip' },
  ].map((one) =>
    one.op.endsWith('_set')
      ? { property: one.property, op: one.op }
      : one.op === 'not_in' && one.value === null
        ? { ...one, op: 'is_not' }
        : one,
  );
  const [a, b, c] = [pick(conditions), pick(conditions), pick(conditions)];
  return pick<OracleFilter>([a, { and: [a, b] }, { or: [a, b] }, { and: [a, { or: [b, c] }] }]);
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let n = copy.length - 1; n > 0; n--) {
    const other = Math.floor(random() * (n + 1));
    [copy[n], copy[other]] = [copy[other]!, copy[n]!];
  }
  return copy;
}
