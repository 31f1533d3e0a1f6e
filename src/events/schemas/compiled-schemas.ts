import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Sql } from '../../platform/database/database.js';
import { EventSchema } from './event-schema.js';
import { SchemasRepository } from './schemas.repository.js';

/** Compiled schemas in memory, over all tenants; one takes up to a few hundred kilobytes. */
const MAX_CACHED = 500;

/** A cache of compiled schemas by tenant, type and version; the least recently used is dropped. */
@Injectable()
export class CompiledSchemas {
  private readonly cache = new LRUCache<string, EventSchema>({ max: MAX_CACHED });
  private readonly compiling = new Map<string, Promise<EventSchema | null>>();

  constructor(private readonly schemas: SchemasRepository) {}

  /** The schema at once when it is in memory, else undefined. */
  peek(tenantId: string, eventType: string, version: string): EventSchema | undefined {
    return this.cache.get(keyOf(tenantId, eventType, version));
  }

  /**
   * The schema of a type: the version given, or the one that has replaced it; null when the type has none any more.
   * @param sql where to read it; inside a transaction the same connection, since waiting for another one may never end
   */
  async get(tenantId: string, eventType: string, version: string, sql?: Sql): Promise<EventSchema | null> {
    const known = this.peek(tenantId, eventType, version);
    if (known !== undefined) return known;
    const key = keyOf(tenantId, eventType, version);
    let compiling = this.compiling.get(key);
    if (compiling === undefined) {
      compiling = this.compile(tenantId, eventType, sql).finally(() => this.compiling.delete(key));
      this.compiling.set(key, compiling);
    }
    return compiling;
  }

  private async compile(tenantId: string, eventType: string, sql?: Sql): Promise<EventSchema | null> {
    const current = await this.schemas.findCurrent(tenantId, eventType, sql);
    if (current === null) return null;
    const known = this.peek(tenantId, eventType, current.version);
    if (known !== undefined) return known;
    const schema = EventSchema.compile(current.schema);
    this.cache.set(keyOf(tenantId, eventType, current.version), schema);
    return schema;
  }
}

/** No part can hold NUL, so no two triples give the same key. */
const keyOf = (tenantId: string, eventType: string, version: string) => `${tenantId}\0${version}\0${eventType}`;
