import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { EventSchema } from './event-schema.js';
import { SchemasRepository } from './schemas.repository.js';

/** Compiled schemas kept, over all tenants; one takes up to a few hundred kilobytes. */
const MAX_KEPT = 500;

/** A cache of compiled schemas by tenant, type and version; the least recently used is dropped. */
@Injectable()
export class CompiledSchemas {
  private readonly kept = new Map<string, EventSchema>();
  private readonly compiling = new Map<string, Promise<EventSchema | null>>();

  constructor(private readonly schemas: SchemasRepository) {}

  /** The schema if it is cached, else undefined. */
  peek(tenantId: string, eventType: string, version: string): EventSchema | undefined {
    const key = keyOf(tenantId, eventType, version);
    const schema = this.kept.get(key);
    if (schema === undefined) return undefined;
    this.kept.delete(key);
    this.kept.set(key, schema); // now the most recently used
    return schema;
  }

  /**
   * The schema of a type: the version given, or the one that has replaced it; null when the type has none any more.
   * @param sql where to read it; inside a transaction the same connection, since waiting for another one may never end
   */
  async get(tenantId: string, eventType: string, version: string, sql?: Sql): Promise<EventSchema | null> {
    const kept = this.peek(tenantId, eventType, version);
    if (kept !== undefined) return kept;
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
    this.kept.set(keyOf(tenantId, eventType, current.version), schema);
    if (this.kept.size > MAX_KEPT) this.kept.delete(this.kept.keys().next().value!); // not empty
    return schema;
  }
}

/** No part can hold NUL, so no two triples give the same key. */
const keyOf = (tenantId: string, eventType: string, version: string) => `${tenantId}\0${version}\0${eventType}`;
