import { DAY_MS, HOUR_MS } from '../../platform/time/time.js';
import { mix, mulberry32, type Random } from './seeded-random.js';
import { describeStep, openSession, type Payload, type Session } from './sample-shop.js';

/** One event as a client would send it to `POST /api/v1/events/batch`. */
export interface SampleEvent {
  event_id: string;
  event_type: string;
  event_time: string;
  user_id: string;
  session_id: string;
  payload: Payload;
}

export interface SampleOptions {
  /** Exact number of events. */
  count: number;
  /** The same options give the same events with the same ids; other options give other ids. */
  seed: number;
  /** End of the time window, exclusive. */
  until: Date;
  /** Length of the time window, 1 or more. */
  days?: number;
  /** In every event and session id, in place of the options above. */
  run?: string;
}

interface Visit {
  newcomer: boolean;
  steps: readonly string[];
}

/** Visits start no later than this before the end of the time window, so that the last ones can end within it. */
const LAST_START_MS = 600_000;
/** Visits per hour of the day (UTC) and per day of the week (from Sunday), relative to each other. */
const HOURS = [8, 5, 3, 2, 2, 3, 6, 12, 20, 26, 30, 33, 36, 34, 31, 30, 31, 34, 38, 43, 46, 40, 28, 16];
const WEEKDAYS = [0.85, 1.05, 1.1, 1.1, 1.05, 1, 0.75];
/** The steps towards a purchase and the share of visits at the step before that take them. */
const FUNNEL = [
  ['add_to_cart', 0.35],
  ['checkout_started', 0.55],
  ['purchase_completed', 0.65],
] as const;

/**
 * The events of an invented web shop, in the order of their `event_time`. Only current visits are in memory, so a
 * million events take no more of it than a thousand.
 */
export function* generateSampleEvents(options: SampleOptions): Generator<SampleEvent, void, undefined> {
  const { count, seed, until, days = 30 } = options;
  const endMs = until.getTime();
  const run = options.run ?? [seed, count, endMs, days].map((part) => part.toString(36)).join('-');
  const visits = countVisits(count, seed);
  const startOf = visitStarts(endMs - days * DAY_MS, endMs - LAST_START_MS);
  const random = mulberry32(mix(seed, -1));
  const active: Session[] = [];
  let users = Math.ceil(visits / 10);
  let left = count;
  for (let number = 0; number < visits; number++) {
    const timeMs = startOf((number + random()) / visits);
    yield* emitBefore(timeMs, active, endMs);
    const visitRandom = mulberry32(mix(seed, number));
    const visit = planVisit(visitRandom);
    // The square root makes those who joined lately come back more often.
    const user = visit.newcomer ? users++ : Math.floor(users * Math.sqrt(random()));
    const session = openSession(`sample-${run}-${number.toString(36)}`, visitRandom, user, timeMs);
    session.order = `order-${seed.toString(36)}-${number.toString(36)}`;
    session.steps = visit.steps.slice(0, left);
    left -= session.steps.length;
    insert(active, session);
  }
  yield* emitBefore(Infinity, active, endMs);
}

/** The next `limit` events of `events`, fewer at the end. */
export function take(events: Iterator<SampleEvent, void>, limit: number): SampleEvent[] {
  const taken: SampleEvent[] = [];
  while (taken.length < limit) {
    const next = events.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

/** A dry run: how many visits are needed for `count` events. */
function countVisits(count: number, seed: number): number {
  let visits = 0;
  for (let events = 0; events < count; visits++) events += planVisit(mulberry32(mix(seed, visits))).steps.length;
  return visits;
}

/** What one visitor does. About one visit in 14 reaches a purchase, a little more than in a common web shop. */
function planVisit(random: Random): Visit {
  const steps = ['page_view'];
  const newcomer = random() < 0.35;
  if (newcomer && random() < 0.5) steps.push('page_view', 'signup');
  else if (!newcomer && random() < 0.4) steps.push('login');
  while (random() < 0.55 && steps.length < 12) steps.push('page_view');
  if (random() < 0.3) steps.push('search');
  if (random() < 0.03) steps.push('error');
  if (random() > 0.6) return { newcomer, steps };
  do steps.push('product_view');
  while (random() < 0.4 && steps.length < 20);
  for (const [step, share] of FUNNEL) {
    if (random() > share) break;
    steps.push(step);
  }
  return { newcomer, steps };
}

/** Emits, in order of time, what happens before `beforeMs`. `active` is sorted, the next event at its end. */
function* emitBefore(beforeMs: number, active: Session[], endMs: number): Generator<SampleEvent, void, undefined> {
  for (let session = active.at(-1); session !== undefined && session.timeMs < beforeMs; session = active.at(-1)) {
    active.pop();
    yield toEvent(session);
    session.next++;
    const stepsLeft = session.steps.length - session.next;
    if (stepsLeft === 0) continue;
    const gapMs = 2000 + Math.floor(-Math.log(1 - session.random()) * 40_000);
    // Each step takes at most its share of the time left, so no visit reaches the end of the time window.
    session.timeMs += Math.min(gapMs, Math.floor((endMs - session.timeMs) / (stepsLeft + 1)));
    insert(active, session);
  }
}

function insert(active: Session[], session: Session): void {
  const place = active.findLastIndex((other) => other.timeMs > session.timeMs);
  active.splice(place + 1, 0, session);
}

function toEvent(session: Session): SampleEvent {
  const event_type = session.steps[session.next] ?? 'page_view';
  return {
    event_id: `${session.id}-${session.next}`,
    event_type,
    event_time: new Date(session.timeMs).toISOString(),
    user_id: `user-${String(session.user).padStart(5, '0')}`,
    session_id: session.id,
    payload: { ...session.context, ...describeStep(event_type, session) },
  };
}

/**
 * A function from 0..1 to a time of the time window, denser where visits are more frequent. Must be called in rising
 * order.
 */
function visitStarts(fromMs: number, toMs: number): (position: number) => number {
  const weight = (ms: number): number => {
    const date = new Date(ms);
    const share = Math.min(HOUR_MS, toMs - ms) / HOUR_MS;
    return (HOURS[date.getUTCHours()] ?? 0) * (WEEKDAYS[date.getUTCDay()] ?? 0) * share;
  };
  let total = 0;
  for (let ms = fromMs; ms < toMs; ms += HOUR_MS) total += weight(ms);
  let slotMs = fromMs;
  let before = 0;
  return (position) => {
    const wanted = position * total;
    while (before + weight(slotMs) < wanted && slotMs + HOUR_MS < toMs) {
      before += weight(slotMs);
      slotMs += HOUR_MS;
    }
    const withinSlot = Math.min(1, (wanted - before) / weight(slotMs));
    return Math.floor(slotMs + withinSlot * Math.min(HOUR_MS, toMs - slotMs));
  };
}
