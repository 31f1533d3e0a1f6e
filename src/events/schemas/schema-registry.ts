import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { SchemasRepository, type TypeVersion } from './schemas.repository.js';

/** Age at which an index is read again in the background, and at which callers wait for that. */
const REFRESH_MS = 800;
const STALE_MS = 1_600;
const MAX_CACHED = 10_000;

/** Event types of a tenant that have a schema. */
export type TypeIndex = ReadonlyMap<string, TypeVersion>;

interface CachedIndex {
  version: string | undefined;
  types: TypeIndex;
  readAt: number;
  usedSinceRead: boolean;
}

/**
 * A cache of which event types have a schema, at most 1.6 seconds old. Entries in use are read again every second, one
 * short row per tenant, so that a changed schema takes effect everywhere within two seconds.
 */
@Injectable()
export class SchemaRegistry {
  private readonly cache = new LRUCache<string, CachedIndex>({ max: MAX_CACHED });
  private refreshing: Promise<void> | undefined;

  constructor(private readonly schemas: SchemasRepository) {}

  /** The cached index if it is fresh enough, for the price of a look-up; else undefined. */
  peek(tenantId: string): TypeIndex | undefined {
    const known = this.cache.get(tenantId);
    if (known === undefined) return undefined;
    known.usedSinceRead = true;
    const age = Date.now() - known.readAt;
    if (age > REFRESH_MS) this.refresh().catch(() => undefined); // a caller that must wait for it sees the error
    return age > STALE_MS ? undefined : known.types;
  }

  /** @throws when it cannot be read any more */
  async find(tenantId: string): Promise<TypeIndex> {
    if (!this.cache.has(tenantId)) this.add(tenantId);
    for (;;) {
      const types = this.peek(tenantId);
      if (types !== undefined) return types;
      // A refresh that was running already may not have included this tenant.
      await this.refresh();
      if (!this.cache.has(tenantId)) this.add(tenantId);
    }
  }

  /** With the next refresh. */
  private add(tenantId: string): void {
    this.cache.set(tenantId, { version: undefined, types: new Map(), readAt: 0, usedSinceRead: true });
  }

  private refresh(): Promise<void> {
    this.refreshing ??= this.readAgain().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private async readAgain(): Promise<void> {
    const startedAt = Date.now();
    const used = [...this.cache].filter(([, known]) => known.usedSinceRead);
    const versions = await this.schemas.listVersions(used.map(([tenantId]) => tenantId));
    const changed = used.filter(([tenantId, known]) => versions.get(tenantId) !== known.version);
    if (changed.length > 0) await this.readTypes(changed, versions);
    for (const [, known] of used) {
      known.readAt = startedAt;
      known.usedSinceRead = false;
    }
  }

  private async readTypes(changed: [string, CachedIndex][], versions: ReadonlyMap<string, string>): Promise<void> {
    const types = new Map(changed.map(([tenantId]) => [tenantId, new Map<string, TypeVersion>()]));
    for (const { tenant_id, event_type, version, mode } of await this.schemas.listTypes([...types.keys()])) {
      types.get(tenant_id)?.set(event_type, { version, mode });
    }
    for (const [tenantId, known] of changed) {
      known.version = versions.get(tenantId);
      known.types = types.get(tenantId)!; // one was made for each
    }
  }
}
