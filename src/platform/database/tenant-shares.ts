/** More than this of one tenant at once would wait longer than anybody does. */
const MAX_WAITING = 100;
const TIMEOUT_MS = 10_000;

/** A tenant asks for more slow reads at once than it gets; to callers of the API it is a 429. */
export class TooManyReads extends Error {
  constructor() {
    super('Too many slow reads of your tenant run at the same time. Send fewer at once, and this one again in 1 s.');
  }
}

interface Waiting {
  enter: () => void;
}

/**
 * Shares the connections of a pool between tenants, so that slow reads of one tenant do not keep the others waiting. A
 * tenant may hold as many as it leaves free (dynamic thresholds, as for the ingest buffer): a single tenant gets half,
 * two get a third each, and there is always one for the next. Further reads of a tenant wait in turn.
 */
export class TenantShares {
  private readonly held = new Map<string, number>();
  private readonly waiting = new Map<string, Set<Waiting>>();
  private total = 0;
  /** How often somebody had to wait. */
  waits = 0;

  constructor(private readonly places: number) {}

  /** To be followed by one {@link leave}. @throws TooManyReads when too many wait already, or when it took too long */
  async enter(tenantId: string): Promise<void> {
    if (!this.waiting.has(tenantId) && this.hasRoom(tenantId)) this.hold(tenantId, 1);
    else await this.wait(tenantId);
  }

  leave(tenantId: string): void {
    this.hold(tenantId, -1);
    // The tenant that was first goes to the end, so that tenants take turns.
    for (const [next, queue] of [...this.waiting]) {
      if (!this.hasRoom(next)) continue;
      this.waiting.delete(next);
      const [first] = queue; // an empty queue is deleted
      queue.delete(first!);
      if (queue.size > 0) this.waiting.set(next, queue);
      this.hold(next, 1);
      first!.enter();
    }
  }

  /** A tenant that holds none may always enter; the pool then decides when a connection is free. */
  private hasRoom(tenantId: string): boolean {
    const held = this.held.get(tenantId) ?? 0;
    return held === 0 || held < this.places - this.total;
  }

  private hold(tenantId: string, change: 1 | -1): void {
    const held = (this.held.get(tenantId) ?? 0) + change;
    if (held === 0) this.held.delete(tenantId);
    else this.held.set(tenantId, held);
    this.total += change;
  }

  private wait(tenantId: string): Promise<void> {
    const queue = this.waiting.get(tenantId) ?? new Set<Waiting>();
    if (queue.size >= MAX_WAITING) return Promise.reject(new TooManyReads());
    this.waits += 1;
    this.waiting.set(tenantId, queue);
    return new Promise((resolve, reject) => {
      const waiting = { enter: () => (clearTimeout(timer), resolve()) };
      const timer = setTimeout(() => {
        queue.delete(waiting);
        if (queue.size === 0) this.waiting.delete(tenantId);
        reject(new TooManyReads());
      }, TIMEOUT_MS);
      queue.add(waiting);
    });
  }
}
