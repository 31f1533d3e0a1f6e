import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { writeJson } from '../../platform/json/json-text.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { Metrics } from '../../platform/metrics/metrics.js';

/** Answers of all tenants kept at once; the tenant that asked longest ago loses its own first. */
const MAX_ANSWERS = 1_000;
/** Most answers of one tenant, so that its questions do not push out the answers of others. */
const MAX_PER_TENANT = 100;

/**
 * A cache of answers that may be some seconds old. Callers that ask while an answer is being made wait for that one. A
 * failure is thrown to the callers that wait, and not kept.
 */
@Injectable()
export class AnswerCache {
  private readonly tenants = new LRUCache<string, LRUCache<string, Promise<unknown>>>({ maxSize: MAX_ANSWERS });
  private readonly ttlMs: number;
  private readonly hit: () => void;
  private readonly miss: () => void;

  constructor(@Inject(CONFIG) config: Config, metrics: Metrics) {
    this.ttlMs = config.ANALYTICS_CACHE_TTL_SECONDS * 1000;
    const requests = metrics.counter('tidemark_answer_cache_requests_total');
    const [hits, misses] = [requests.labels({ result: 'hit' }), requests.labels({ result: 'miss' })];
    this.hit = () => hits.inc();
    this.miss = () => misses.inc();
    for (const series of [hits, misses]) series.inc(0);
  }

  /** @param question what the answer depends on, besides the tenant and the time */
  get<T>(tenantId: string, question: unknown, answer: () => Promise<T>): Promise<T> {
    if (this.ttlMs === 0) return answer();
    const key = writeJson(question);
    const known = this.tenants.get(tenantId)?.get(key);
    if (known !== undefined) {
      this.hit();
      return known as Promise<T>;
    }
    this.miss();
    const made = answer();
    const answers = this.put(tenantId, key, made);
    made.then(
      // Its life begins when it is made. Whoever was pushed out or forgotten meanwhile does not come back.
      () => answers.peek(key) === made && answers.set(key, made, { ttl: this.ttlMs }),
      () => answers.peek(key) === made && answers.delete(key),
    );
    return made;
  }

  /** Drops the answers of a tenant, after a change that the next answer must show. */
  forget(tenantId: string): void {
    this.tenants.delete(tenantId);
  }

  private put(tenantId: string, key: string, answer: Promise<unknown>): LRUCache<string, Promise<unknown>> {
    const answers = this.tenants.get(tenantId) ?? new LRUCache({ max: MAX_PER_TENANT, perf: Date });
    answers.set(key, answer);
    this.tenants.delete(tenantId); // else it would keep the size it had
    this.tenants.set(tenantId, answers, { size: answers.size });
    return answers;
  }
}
