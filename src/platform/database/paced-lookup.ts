import { LRUCache } from 'lru-cache';

const PAUSE_MS = 200;
const MAX_CACHED = 10_000;

/** Values by name; a name that is unknown is absent. */
type Load<T> = (scope: string, names: string[]) => Promise<ReadonlyMap<string, T>>;

interface Scope {
  loadedAt: number;
  /** Shared by all callers that ask before it begins. */
  next: { names: Set<string>; found: Promise<ReadonlyMap<string, unknown>> } | undefined;
}

/**
 * Looks names up that anybody can make up, at most five times a second in each scope, whatever is asked: what is asked
 * meanwhile shares the next look. What was found is cached for a while; what was not is looked for again, so that
 * something new is found at once.
 */
export class PacedLookup<T extends NonNullable<unknown>> {
  private readonly scopes = new Map<string, Scope>();
  private readonly cache: LRUCache<string, T>;

  constructor(
    private readonly load: Load<T>,
    ttlMs: number,
  ) {
    this.cache = new LRUCache({ max: MAX_CACHED, ttl: ttlMs });
  }

  async find(scope: string, name: string): Promise<T | null> {
    const key = `${scope}\0${name}`;
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const value = (await this.look(scope, name)).get(name);
    if (value === undefined) return null;
    this.cache.set(key, value);
    return value;
  }

  private look(name: string, wanted: string): Promise<ReadonlyMap<string, T>> {
    const scope = this.scopes.get(name) ?? { loadedAt: -Infinity, next: undefined };
    this.scopes.set(name, scope);
    if (scope.next === undefined) {
      const names = new Set<string>();
      scope.next = { names, found: this.loadLater(name, scope, names) };
    }
    scope.next.names.add(wanted);
    return scope.next.found as Promise<ReadonlyMap<string, T>>;
  }

  private async loadLater(name: string, scope: Scope, names: Set<string>): Promise<ReadonlyMap<string, T>> {
    const waitMs = Math.max(0, scope.loadedAt + PAUSE_MS - performance.now());
    await new Promise<void>((resolve) => setTimeout(resolve, waitMs));
    scope.next = undefined;
    scope.loadedAt = performance.now();
    setTimeout(() => this.forget(name, scope), PAUSE_MS).unref();
    return this.load(name, [...names]);
  }

  private forget(name: string, scope: Scope): void {
    if (scope.next === undefined && performance.now() - scope.loadedAt >= PAUSE_MS) this.scopes.delete(name);
  }
}
