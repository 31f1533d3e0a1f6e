import { LRUCache } from 'lru-cache';

/** What a limit says about one more request. Times are in milliseconds from now. */
export interface LimitState {
  allowed: boolean;
  /** What the window holds, this request included if it was allowed. */
  used: number;
  /** Until some of the window is free again; 0 when it holds nothing. */
  resetMs: number;
  /** Until a request of this cost would be allowed; 0 when it was. */
  retryMs: number;
}

export interface Limit {
  /** The name under which it is counted. Limits that are counted together share the part before the first slash. */
  key: string;
  limit: number;
  windowMs: number;
}

/** The state of one of several limits. */
export interface LimitsState extends LimitState {
  /** Position of the limit that refused; 0 when none did. */
  index: number;
}

/** Counts costs per key over a window. Refused requests do not count. */
export interface WindowStore {
  take(key: string, cost: number, limit: number, windowMs: number): LimitState | Promise<LimitState>;
  /** Counts towards all `limits` or, when one of them refuses, towards none. */
  takeAll(cost: number, limits: readonly [Limit, ...Limit[]]): LimitsState | Promise<LimitsState>;
}

type LocalStore = { take(...words: Parameters<WindowStore['take']>): LimitState };

/** Atomic, since nothing here awaits between reading and counting. */
function takeAllFrom(store: LocalStore, cost: number, limits: readonly [Limit, ...Limit[]]): LimitsState {
  const take = ({ key, limit, windowMs }: Limit, costs: number) => store.take(key, costs, limit, windowMs);
  if (limits.length === 1) return { ...take(limits[0], cost), index: 0 };
  const refusing = limits.findIndex((limit) => take(limit, 0).used + cost > limit.limit);
  const refused = limits[refusing];
  if (refused !== undefined) return { ...take(refused, cost), index: refusing };
  const [first] = limits.map((limit) => take(limit, cost));
  return { ...first!, index: 0 };
}

interface Hit {
  at: number;
  cost: number;
}

/** A key's hits in order of time; the first `start` have left the window and are removed together later. */
interface Log {
  hits: Hit[];
  start: number;
  used: number;
  windowMs: number;
}

const SWEEP_EVERY_MS = 60_000;

/** Exact sliding window in the memory of this process: at no moment do the last `windowMs` hold more than the limit. */
export class MemorySlidingWindow implements WindowStore {
  private readonly logs: Map<string, Log> | LRUCache<string, Log>;
  private sweptAt = 0;

  /** @param maxKeys number of keys whose hits are kept; for keys that callers can make up */
  constructor(
    private readonly clock: () => number = () => performance.now(),
    maxKeys?: number,
  ) {
    this.logs = maxKeys === undefined ? new Map() : new LRUCache({ max: maxKeys });
  }

  take(key: string, cost: number, limit: number, windowMs: number): LimitState {
    const now = this.clock();
    this.sweep(now);
    let log = this.logs.get(key);
    if (log === undefined) {
      this.logs.set(key, (log = { hits: [], start: 0, used: 0, windowMs }));
    }
    log.windowMs = windowMs;
    expire(log, now);
    const allowed = log.used + cost <= limit;
    if (allowed && cost > 0) {
      log.hits.push({ at: now, cost });
      log.used += cost;
    }
    const oldest = log.hits[log.start];
    return {
      allowed,
      used: log.used,
      resetMs: oldest === undefined ? 0 : oldest.at + windowMs - now,
      retryMs: allowed ? 0 : untilRoom(log, cost, limit, now),
    };
  }

  takeAll(cost: number, limits: readonly [Limit, ...Limit[]]): LimitsState {
    return takeAllFrom(this, cost, limits);
  }

  /** Drops keys that have nothing in their window any more. */
  private sweep(now: number): void {
    if (now - this.sweptAt < SWEEP_EVERY_MS) return;
    this.sweptAt = now;
    const idle: string[] = [];
    for (const [key, log] of this.logs) {
      expire(log, now);
      if (log.used === 0) idle.push(key);
    }
    for (const key of idle) this.logs.delete(key);
  }
}

function expire(log: Log, now: number): void {
  const { hits } = log;
  for (let hit = hits[log.start]; hit !== undefined && hit.at <= now - log.windowMs; hit = hits[log.start]) {
    log.used -= hit.cost;
    log.start += 1;
  }
  if (log.start > 64 && log.start * 2 > hits.length) {
    hits.splice(0, log.start);
    log.start = 0;
  }
}

/** A cost above the limit never fits; the answer is then the whole window. */
function untilRoom(log: Log, cost: number, limit: number, now: number): number {
  let used = log.used;
  for (let n = log.start; n < log.hits.length; n++) {
    const hit = log.hits[n]!;
    used -= hit.cost;
    if (used + cost <= limit) return hit.at + log.windowMs - now;
  }
  return log.windowMs;
}

/** Fixed windows in the memory of this process, aligned to the clock. */
export class MemoryFixedWindow implements WindowStore {
  private readonly windows = new Map<string, { endsAt: number; used: number }>();
  private sweptAt = 0;

  constructor(private readonly clock: () => number = Date.now) {}

  take(key: string, cost: number, limit: number, windowMs: number): LimitState {
    const now = this.clock();
    if (now - this.sweptAt > SWEEP_EVERY_MS) {
      this.sweptAt = now;
      for (const [name, window] of this.windows) if (window.endsAt <= now) this.windows.delete(name);
    }
    const endsAt = (Math.floor(now / windowMs) + 1) * windowMs;
    let window = this.windows.get(key);
    if (window?.endsAt !== endsAt) this.windows.set(key, (window = { endsAt, used: 0 }));
    const allowed = window.used + cost <= limit;
    if (allowed) window.used += cost;
    const resetMs = endsAt - now;
    return { allowed, used: window.used, resetMs, retryMs: allowed ? 0 : resetMs };
  }

  takeAll(cost: number, limits: readonly [Limit, ...Limit[]]): LimitsState {
    return takeAllFrom(this, cost, limits);
  }
}
