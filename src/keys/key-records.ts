import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { TenantsService } from '../tenants/tenants.service.js';
import type { ApiKey } from './api-key.entity.js';
import { KeysRepository } from './keys.repository.js';

/** Age at which a record is read again in the background, and at which callers wait for that. */
const REFRESH_MS = 800;
const STALE_MS = 1_600;
const MAX_CACHED = 10_000;

/** `cached`: at most 1.6 s old; `fresh`: read now. */
export type Freshness = 'cached' | 'fresh';

interface CachedRecord {
  record: ApiKey;
  readAt: number;
  usedSinceRead: boolean;
}

/**
 * A cache of keys with their tenants, at most 1.6 seconds old. Records in use are read again every second, all in one
 * query, so disabling, narrowing or deleting a key, or suspending a tenant, takes effect everywhere within two seconds.
 * In the process that changed it, it takes effect at once, because that process drops the record from its cache.
 */
@Injectable()
export class KeyRecords {
  private readonly logger = new Logger(KeyRecords.name);
  private readonly cache = new LRUCache<string, CachedRecord>({ max: MAX_CACHED });
  private refreshing: Promise<void> | undefined;
  /** How often something was forgotten: a read that began before is not cached. */
  private forgotten = 0;

  constructor(
    private readonly keys: KeysRepository,
    tenants: TenantsService,
  ) {
    tenants.onChanged((tenantId) => this.forgetTenant(tenantId));
  }

  /** The record, whatever its state; null when there is no such key. @throws when it cannot be read any more */
  async find(id: string, freshness: Freshness = 'cached'): Promise<ApiKey | null> {
    const known = this.cache.get(id);
    if (known === undefined || freshness === 'fresh') return this.read(id);
    known.usedSinceRead = true;
    if (Date.now() - known.readAt > REFRESH_MS) {
      const refresh = this.refresh();
      refresh.catch(() => undefined); // a caller that must wait for it sees the error
      // A refresh that was running already may not have included this record.
      while (this.cache.peek(id) === known && Date.now() - known.readAt > STALE_MS) await this.refresh();
    }
    return this.cache.peek(id)?.record ?? this.read(id);
  }

  /** To be called by code that changed the key, once the change is committed. */
  forget(id: string): void {
    this.forgotten += 1;
    this.cache.delete(id);
  }

  private forgetTenant(tenantId: string): void {
    this.forgotten += 1;
    for (const [id, { record }] of this.cache) if (record.tenantId === tenantId) this.cache.delete(id);
  }

  private store(record: ApiKey, readAt: number): void {
    if ((this.cache.peek(record.id)?.readAt ?? 0) > readAt) return;
    this.cache.set(record.id, { record, readAt, usedSinceRead: true });
  }

  private async read(id: string): Promise<ApiKey | null> {
    const { forgotten } = this;
    const readAt = Date.now();
    const [record] = await this.keys.listById([id]);
    if (record === undefined) {
      this.cache.delete(id);
      return null;
    }
    if (this.forgotten === forgotten) this.store(record, readAt);
    return record;
  }

  private refresh(): Promise<void> {
    this.refreshing ??= this.readAgain().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private async readAgain(): Promise<void> {
    const startedAt = Date.now();
    const used = [...this.cache].filter(([, known]) => known.usedSinceRead);
    const records = new Map((await this.keys.listById(used.map(([id]) => id))).map((record) => [record.id, record]));
    for (const [id, known] of used) {
      const record = records.get(id);
      if (record === undefined) {
        this.cache.delete(id);
        continue;
      }
      known.record = record;
      known.readAt = startedAt;
      known.usedSinceRead = false;
    }
    await this.noteUse([...records.values()]);
  }

  /** Best effort: when it fails, only `last_used_at` is older than it should be. */
  private async noteUse(records: ApiKey[]): Promise<void> {
    const minuteAgo = Date.now() - 60_000;
    const due = records.filter((record) => (record.lastUsedAt?.getTime() ?? 0) < minuteAgo);
    if (due.length === 0) return;
    await this.keys
      .touch(due.map((record) => record.id))
      .catch((error: Error) => this.logger.warn(`last_used_at not written: ${error.message}`));
  }
}
