import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';

export type SchemaMode = 'reject' | 'quarantine';

export interface TypeVersion {
  version: string;
  mode: SchemaMode;
}

export interface StoredSchema extends TypeVersion {
  event_type: string;
  schema: unknown;
  created_at: Date;
  updated_at: Date;
}

const MAX_SCHEMAS = 1_000;

const nothing = () => Promise.resolve();

@Injectable()
export class SchemasRepository {
  constructor(private readonly database: Database) {}

  /** Version of the registry of each tenant that has one. */
  async listVersions(tenantIds: readonly string[]): Promise<Map<string, string>> {
    const { rows } = await this.database.system.query<{ tenant_id: string; version: string }>({
      name: 'schemas.listVersions',
      text: `/* schemas.listVersions */
        select tenant_id, version from event_type_registries where tenant_id = any($1::uuid[])`,
      values: [tenantIds],
    });
    return new Map(rows.map((row) => [row.tenant_id, row.version]));
  }

  /** Which types of these tenants have a schema. */
  async listTypes(tenantIds: readonly string[]): Promise<(TypeVersion & { tenant_id: string; event_type: string })[]> {
    const { rows } = await this.database.system.query<TypeVersion & { tenant_id: string; event_type: string }>(
      `/* schemas.listTypes */
       select tenant_id, event_type, version, mode from event_type_schemas where tenant_id = any($1::uuid[])`,
      [tenantIds],
    );
    return rows;
  }

  /** The current schema, for checking events. */
  async findCurrent(
    tenantId: string,
    eventType: string,
    sql: Sql = this.database.system,
  ): Promise<{ version: string; schema: unknown } | null> {
    const { rows } = await sql.query<{ version: string; schema: unknown }>(
      '/* schemas.findCurrent */ select version, schema from event_type_schemas where tenant_id = $1 and event_type = $2',
      [tenantId, eventType],
    );
    return rows[0] ?? null;
  }

  async list(tenantId: string): Promise<StoredSchema[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<StoredSchema>(
        `/* schemas.list */
         select event_type, version, mode, schema, created_at, updated_at from event_type_schemas
         where tenant_id = $1 order by event_type collate "C" limit ${MAX_SCHEMAS}`,
        [tenantId],
      );
      return rows;
    });
  }

  async find(tenantId: string, eventType: string): Promise<StoredSchema | null> {
    return this.database.readInTenant(tenantId, (sql) => select(sql, tenantId, eventType));
  }

  /**
   * @param alsoIn runs in the transaction of the change
   * @returns null when the tenant has as many schemas as it may have
   */
  async put(
    tenantId: string,
    eventType: string,
    mode: SchemaMode,
    schema: unknown,
    alsoIn: (sql: Sql, before: StoredSchema | null, after: StoredSchema) => Promise<void> = nothing,
  ): Promise<StoredSchema | null> {
    return this.database.inTenant(tenantId, async (sql) => {
      const version = await bump(sql, tenantId);
      const before = await select(sql, tenantId, eventType);
      const { rows } = await sql.query<StoredSchema>(
        `/* schemas.put */
         insert into event_type_schemas as s (tenant_id, event_type, version, mode, schema)
         select $1, $2, $3, $4, $5
         where (select count(*) from event_type_schemas where tenant_id = $1 and event_type <> $2) < ${MAX_SCHEMAS}
         on conflict (tenant_id, event_type)
         do update set version = excluded.version, mode = excluded.mode, schema = excluded.schema, updated_at = now()
         returning event_type, version, mode, schema, created_at, updated_at`,
        [tenantId, eventType, version, mode, JSON.stringify(schema)],
      );
      const [after] = rows;
      if (after === undefined) return null;
      await alsoIn(sql, before, after);
      return after;
    });
  }

  /**
   * @param alsoIn runs in the transaction of the change
   * @returns whether there was one
   */
  async delete(
    tenantId: string,
    eventType: string,
    alsoIn: (sql: Sql, before: StoredSchema) => Promise<void> = nothing,
  ): Promise<boolean> {
    return this.database.inTenant(tenantId, async (sql) => {
      await bump(sql, tenantId);
      const { rows } = await sql.query<StoredSchema>(
        `/* schemas.delete */ delete from event_type_schemas where tenant_id = $1 and event_type = $2
         returning event_type, version, mode, schema, created_at, updated_at`,
        [tenantId, eventType],
      );
      const [before] = rows;
      if (before === undefined) return false;
      await alsoIn(sql, before);
      return true;
    });
  }
}

async function select(sql: Sql, tenantId: string, eventType: string): Promise<StoredSchema | null> {
  const { rows } = await sql.query<StoredSchema>(
    `/* schemas.find */
     select event_type, version, mode, schema, created_at, updated_at from event_type_schemas
     where tenant_id = $1 and event_type = $2`,
    [tenantId, eventType],
  );
  return rows[0] ?? null;
}

/** Locks the tenant's registry for this transaction and gives it its next version. */
async function bump(sql: Sql, tenantId: string): Promise<string> {
  const { rows } = await sql.query<{ version: string }>(
    `/* schemas.bump */
     insert into event_type_registries as r (tenant_id, version) values ($1, 1)
     on conflict (tenant_id) do update set version = r.version + 1 returning version`,
    [tenantId],
  );
  return rows[0]!.version; // an upsert returns its row
}
