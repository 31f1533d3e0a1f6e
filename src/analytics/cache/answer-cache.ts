import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';

/** Answers of all tenants kept at once; the oldest goes first. */
const MAX_ANSWERS = 1_000;
/** Of one tenant, so that nobody's questions push out everybody else's answers. */
const MAX_PER_TENANT = 100;

interface Entry {
  answer: Promise<unknown>;
  /** Milliseconds since 1970; Infinity while it is being made. */
  expires: number;
}

/**
 * Answers that may be some seconds old. Whoever asks while an answer is being made waits for that one. A failure is told
 * to those who wait and then forgotten.
 */
@Injectable()
export class AnswerCache {
  private readonly tenants = new Map<string, Map<string, Entry>>();
  private readonly ttlMs: number;
  private size = 0;

  constructor(@Inject(CONFIG) config: Config) {
    this.ttlMs = config.ANALYTICS_CACHE_TTL_SECONDS * 1000;
  }

  /** @param question what the answer depends on, besides the tenant and the time */
  get<T>(tenantId: string, question: unknown, answer: () => Promise<T>): Promise<T> {
    if (this.ttlMs === 0) return answer();
    const key = JSON.stringify(question);
    const found = this.tenants.get(tenantId)?.get(key);
    if (found !== undefined && found.expires > Date.now()) return found.answer as Promise<T>;
    const entry: Entry = { answer: answer(), expires: Infinity };
    this.put(tenantId, key, entry);
    entry.answer.then(
      () => (entry.expires = Date.now() + this.ttlMs),
      () => this.remove(tenantId, key, entry),
    );
    return entry.answer as Promise<T>;
  }

  /** Forgets what was answered to a tenant: something was changed that the next answer must show. */
  forget(tenantId: string): void {
    this.size -= this.tenants.get(tenantId)?.size ?? 0;
    this.tenants.delete(tenantId);
  }

  private put(tenantId: string, key: string, entry: Entry): void {
    const entries = this.tenants.get(tenantId) ?? new Map<string, Entry>();
    if (!entries.delete(key)) this.size++;
    entries.set(key, entry);
    // The tenant that asked last is at the end.
    this.tenants.delete(tenantId);
    this.tenants.set(tenantId, entries);
    if (entries.size > MAX_PER_TENANT) this.removeOldest(tenantId, entries);
    if (this.size > MAX_ANSWERS) {
      const [[oldest, theirs] = []] = this.tenants;
      if (oldest !== undefined && theirs !== undefined) this.removeOldest(oldest, theirs);
    }
  }

  private removeOldest(tenantId: string, entries: Map<string, Entry>): void {
    const [oldest] = entries;
    if (oldest !== undefined) this.remove(tenantId, ...oldest);
  }

  private remove(tenantId: string, key: string, entry: Entry): void {
    const entries = this.tenants.get(tenantId);
    if (entries?.get(key) !== entry) return;
    entries.delete(key);
    this.size--;
    if (entries.size === 0) this.tenants.delete(tenantId);
  }
}
