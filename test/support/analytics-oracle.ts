/**
 * Answers to analytics questions, computed the slow way from a list of events. Written from the contract, sharing nothing
 * with src/analytics: local time is found by asking the clock of the zone every quarter of an hour.
 */
export interface OracleEvent {
  event_id: string;
  event_type: string;
  client_id: string;
  user_id: string | null;
  session_id: string | null;
  time: number;
  payload: Record<string, string | number | boolean | null>;
  /** What was added to it later. */
  enrichment?: { segment: string };
}

export interface Range {
  from: number;
  to: number;
}

export interface Step {
  event_type: string;
  where?: Record<string, string | number | boolean | null>;
  /** What its filter says of an event. */
  fits?: (event: OracleEvent) => boolean;
}

export const iso = (ms: number) => new Date(ms).toISOString();
export const within = (events: readonly OracleEvent[], { from, to }: Range) =>
  events.filter(({ time }) => time >= from && time < to);

export function tally<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

const ordered = (counts: Map<string, number>) =>
  [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : a > b ? 1 : 0));

export const byType = (events: readonly OracleEvent[]) =>
  ordered(tally(events, (event) => event.event_type)).map(([event_type, count]) => ({ event_type, count }));

export const topUsers = (events: readonly OracleEvent[], limit: number) =>
  ordered(
    tally(
      events.filter((event) => event.user_id !== null),
      (event) => event.user_id!,
    ),
  )
    .slice(0, limit)
    .map(([user_id, count]) => ({ user_id, count }));

export const distinct = (values: readonly (string | null)[]) => new Set(values.filter((value) => value !== null)).size;

/** Events that nobody is known to have made belong to no user. */
export function eventsPerUser(events: readonly OracleEvent[]): number {
  const perUser = tally(
    events.filter((event) => event.user_id !== null),
    (event) => event.user_id!,
  );
  return perUser.size === 0 ? 0 : [...perUser.values()].reduce((sum, count) => sum + count, 0) / perUser.size;
}

const QUARTER = 900_000;
const formats = new Map<string, Intl.DateTimeFormat>();

interface WallClock {
  date: string;
  weekday: string;
  minutes: number;
}

const clocks = new Map<string, Map<number, WallClock>>();

function wallClock(zone: string, at: number): WallClock {
  const known = clocks.get(zone) ?? new Map<number, WallClock>();
  clocks.set(zone, known);
  let clock = known.get(at);
  if (clock === undefined) {
    clock = readClock(zone, at);
    known.set(at, clock);
  }
  return clock;
}

function readClock(zone: string, at: number): WallClock {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return {
    date: `${part['year']}-${part['month']}-${part['day']}`,
    weekday: part['weekday']!,
    minutes: Number(part['hour']) * 60 + Number(part['minute']),
  };
}

/** Whether a bucket begins at `at`, a full quarter of an hour. */
function begins(interval: string, zone: string, at: number): boolean {
  const now = wallClock(zone, at);
  const before = wallClock(zone, at - QUARTER);
  if (interval === 'hour') return now.minutes % 60 === 0 || (now.minutes - before.minutes + 1440) % 60 !== 15;
  // A date that was there already does not begin again.
  if (now.date <= before.date) return false;
  if (interval === 'week') return now.weekday === 'Mon';
  return interval === 'day' || now.date.endsWith('-01');
}

/** Starts of the buckets that touch the range, and the end of the last one. */
export function buckets({ from, to }: Range, interval: string, zone: string): { starts: number[]; end: number } {
  if (interval === 'minute') {
    const starts: number[] = [];
    for (let at = Math.floor(from / 60_000) * 60_000; at < to; at += 60_000) starts.push(at);
    return { starts, end: starts.at(-1)! + 60_000 };
  }
  let at = Math.floor(from / QUARTER) * QUARTER;
  while (!begins(interval, zone, at)) at -= QUARTER;
  const starts = [at];
  for (at += QUARTER; ; at += QUARTER) {
    if (!begins(interval, zone, at)) continue;
    if (at >= to) return { starts, end: at };
    starts.push(at);
  }
}

/** Index of the bucket of a time, or -1. */
export const bucketOf = (starts: readonly number[], time: number) => starts.findLastIndex((start) => start <= time);

const matches = (event: OracleEvent, step: Step) =>
  event.event_type === step.event_type &&
  step.fits?.(event) !== false &&
  Object.entries(step.where ?? {}).every(([name, value]) => name in event.payload && event.payload[name] === value);

/** The deepest chain of each user, the earliest of several: tries every start. */
export function chains(
  events: readonly OracleEvent[],
  steps: readonly Step[],
  windowS: number,
): { times: number[]; first: OracleEvent }[] {
  const users = new Set(events.map((event) => event.user_id).filter((user) => user !== null));
  return [...users].flatMap((user) => {
    const theirs = events.filter((event) => event.user_id === user).sort((a, b) => a.time - b.time);
    let best: { times: number[]; first: OracleEvent } | undefined;
    for (const first of theirs.filter((event) => matches(event, steps[0]!))) {
      const times = [first.time];
      for (const step of steps.slice(1)) {
        const next = theirs.find(
          (event) => event.time > times.at(-1)! && event.time <= first.time + windowS * 1000 && matches(event, step),
        );
        if (next === undefined) break;
        times.push(next.time);
      }
      if (best === undefined || times.length > best.times.length) best = { times, first };
    }
    return best === undefined ? [] : [best];
  });
}

export function funnel(found: readonly { times: number[] }[], steps: readonly Step[]) {
  const users = steps.map((_, k) => found.filter(({ times }) => times.length > k).length);
  const share = (a: number, b: number) => (b === 0 ? 0 : a / b);
  return steps.map(({ event_type }, k) => {
    const taken = found.filter(({ times }) => times.length > k).map(({ times }) => (times[k]! - times[k - 1]!) / 1000);
    return {
      event_type,
      users: users[k]!,
      conversion_from_previous: share(users[k]!, users[Math.max(0, k - 1)]!),
      conversion_from_first: share(users[k]!, users[0]!),
      median_time_from_previous_s: k === 0 || taken.length === 0 ? null : Math.round(median(taken) * 1e6) / 1e6,
    };
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** Sessions of one user's events: by session_id, the others cut by half an hour of silence. */
export function sessions(events: readonly OracleEvent[]): { session_id: string | null; events: OracleEvent[] }[] {
  const found: { session_id: string | null; events: OracleEvent[] }[] = [];
  for (const event of [...events].sort((a, b) => a.time - b.time)) {
    const last = found.findLast(({ session_id }) => session_id === event.session_id);
    const silent =
      event.session_id === null && last !== undefined && event.time - last.events.at(-1)!.time >= 1_800_000;
    if (last === undefined || silent) found.push({ session_id: event.session_id, events: [event] });
    else last.events.push(event);
  }
  return found;
}

/** Users by the bucket of their first event, and how many of them came in each later one. */
export function cohorts(events: readonly OracleEvent[], starts: readonly number[], end: number) {
  const times = new Map<string, number[]>();
  for (const { user_id, time } of events) {
    if (user_id !== null && time < end) times.set(user_id, [...(times.get(user_id) ?? []), time]);
  }
  return starts.map((start, cohort) => {
    const members = [...times.values()].filter((theirs) => bucketOf(starts, Math.min(...theirs)) === cohort);
    const periods = starts.slice(cohort).map((bucket, period) => {
      const users = members.filter((theirs) => theirs.some((time) => bucketOf(starts, time) === cohort + period));
      const rate = members.length === 0 ? 0 : users.length / members.length;
      return { period, bucket: iso(bucket), users: users.length, rate };
    });
    return { cohort: iso(start), users: members.length, periods };
  });
}

/** Groups in order: the highest first, then by the text of their values. */
export function query(events: readonly OracleEvent[], measure: 'events' | 'users' | 'sessions', by: readonly string[]) {
  const groups = new Map<string, OracleEvent[]>();
  const column = measure === 'users' ? 'user_id' : 'session_id';
  for (const event of events.filter((one) => measure === 'events' || one[column] !== null)) {
    const values = by.map((name) =>
      name in event ? event[name as 'client_id'] : (event.payload[name.replace('payload.', '')] ?? null),
    );
    const key = values.map((value) => JSON.stringify(value)).join();
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  return [...groups]
    .map(([key, theirs]) => ({
      key,
      value: measure === 'events' ? theirs.length : distinct(theirs.map((one) => one[column])),
    }))
    .sort(
      (a, b) =>
        b.value - a.value ||
        Buffer.compare(
          Buffer.from(`[${a.key.replaceAll(',', ', ')}]`),
          Buffer.from(`[${b.key.replaceAll(',', ', ')}]`),
        ),
    );
}
