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
 * Shares the places of a pool out over tenants, so that the slow reads of one cannot keep the others waiting. A tenant may
 * hold as many as it leaves free (dynamic thresholds, as for the ingest buffer): one alone gets half, two a third each, and
 * there is always one for the next. Those of one tenant that find none wait in turn.
 */
export class TenantShares {
  private readonly held = new Map<string, number>();
  private readonly waiting = new Map<string, Set<Waiting>>();
  private total = 0;

  constructor(private readonly places: number) {}

  /** To be followed by one {@link leave}. @throws TooManyReads when too many wait already, or when it took too long */
  async enter(tenantId: string): Promise<void> {
    if (!this.waiting.has(tenantId) && this.hasRoom(tenantId)) this.hold(tenantId, 1);
    else await this.wait(tenantId);
  }

  leave(tenantId: string): void {
    this.hold(tenantId, -1);
    // Who has waited in front goes to the end, so that tenants take turns.
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

  /** Who holds none may always enter: then it is for the pool to say when there is a place. */
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
