import { Injectable } from '@nestjs/common';
import { AnalyticsService } from '../../analytics/counts/analytics.service.js';
import { recordOf } from '../../audit/entries/act.js';
import { AuditEntryWriter } from '../../audit/entries/entry-writer.js';
import { unknownCursor } from '../../platform/http/cursor.js';
import type { Principal } from '../../platform/http/principal.js';
import { badRequest, notFound, Problem } from '../../platform/http/problem.js';
import { DAY_MS, toIso } from '../../platform/time/time.js';
import { eventTextFault } from '../parsing/event-parser.js';
import { EventSchema } from './event-schema.js';
import type {
  EventTypePage,
  EventTypeResponse,
  EventTypeSchemaResponse,
  EventTypesQuery,
  PutSchemaDto,
} from './event-types.dto.js';
import { SchemaFault } from './schema-fault.js';
import { SchemasRepository, type StoredSchema } from './schemas.repository.js';

const SEEN_DAYS = 30;

const SCHEMA = { resource: 'event_type_schema' } as const;
const CREATED = { action: 'CREATE', message: 'Schema of an event type set' } as const;
const CHANGED = { action: 'UPDATE', message: 'Schema of an event type changed' } as const;
const DELETED = { action: 'DELETE', message: 'Schema of an event type deleted' } as const;

/** The event types of a tenant and their schemas. */
@Injectable()
export class EventTypesService {
  constructor(
    private readonly schemas: SchemasRepository,
    private readonly analytics: AnalyticsService,
    private readonly audit: AuditEntryWriter,
  ) {}

  /** Types that occurred recently or have a schema, by name. */
  async list({ tenantId }: Principal, query: EventTypesQuery): Promise<EventTypePage> {
    const after = query.cursor === undefined ? undefined : decodeTypeCursor(query.cursor);
    const from = toIso(Date.now() - SEEN_DAYS * DAY_MS);
    const [schemas, seen] = await Promise.all([
      this.schemas.list(tenantId),
      this.analytics.countByType(tenantId, { from, tz: 'UTC' }),
    ]);
    const types = new Map<string, EventTypeResponse>();
    for (const { event_type, count } of seen.data) types.set(event_type, toType(event_type, count));
    for (const schema of schemas) {
      types.set(schema.event_type, toType(schema.event_type, types.get(schema.event_type)?.events_30d ?? 0, schema));
    }
    const data = [...types.values()]
      .filter(
        ({ event_type }) => event_type.startsWith(query.prefix ?? '') && (after === undefined || event_type > after),
      )
      .sort((a, b) => (a.event_type < b.event_type ? -1 : 1));
    const page = data.slice(0, query.limit);
    const last = page.at(-1);
    return { data: page, next_cursor: data.length > page.length && last ? encodeTypeCursor(last.event_type) : null };
  }

  /** @throws Problem 404 */
  async getSchema({ tenantId }: Principal, eventType: string): Promise<EventTypeSchemaResponse> {
    const schema = eventTextFault(eventType) === null ? await this.schemas.find(tenantId, eventType) : null;
    if (schema === null) throw noSchema();
    return toResponse(schema);
  }

  /** @throws Problem 400 that says where the schema is wrong, 422 when there are too many */
  async putSchema(
    caller: Principal,
    eventType: string,
    { schema, mode }: PutSchemaDto,
  ): Promise<EventTypeSchemaResponse> {
    const fault = eventTextFault(eventType);
    if (fault !== null) throw badRequest(`event_type ${fault}.`, [{ path: 'event_type', message: fault }]);
    try {
      EventSchema.compile(schema);
    } catch (error) {
      if (!(error instanceof SchemaFault)) throw error;
      const { path, message } = error;
      throw badRequest(`${path} ${message}.`, [{ path, message }]);
    }
    const stored = await this.schemas.put(caller.tenantId, eventType, mode, schema, (sql, before, after) => {
      const change = before === null ? CREATED : { ...CHANGED, before: describe(before) };
      return this.audit.append(sql, [
        recordOf(caller, { ...SCHEMA, ...change, id: eventType, after: describe(after) }),
      ]);
    });
    if (stored === null) throw new Problem(422, 'This tenant has 1,000 schemas. Delete one that is not needed.');
    return toResponse(stored);
  }

  /** @throws Problem 404 */
  async deleteSchema(caller: Principal, eventType: string): Promise<void> {
    if (eventTextFault(eventType) !== null) throw noSchema();
    const deleted = await this.schemas.delete(caller.tenantId, eventType, (sql, before) =>
      this.audit.append(sql, [recordOf(caller, { ...SCHEMA, ...DELETED, id: eventType, before: describe(before) })]),
    );
    if (!deleted) throw noSchema();
  }
}

const describe = ({ mode, version, schema }: StoredSchema) => ({ mode, version: Number(version), schema });

const noSchema = () => notFound('This event type has no schema.');

function toResponse(row: StoredSchema): EventTypeSchemaResponse {
  return {
    event_type: row.event_type,
    schema: row.schema,
    mode: row.mode,
    version: Number(row.version),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

function toType(eventType: string, count: number, schema?: StoredSchema): EventTypeResponse {
  return {
    event_type: eventType,
    events_30d: count,
    schema: schema?.schema ?? null,
    mode: schema?.mode ?? null,
    version: schema === undefined ? null : Number(schema.version),
    updated_at: schema?.updated_at.toISOString() ?? null,
  };
}

const encodeTypeCursor = (eventType: string) => Buffer.from(eventType, 'utf8').toString('base64url');

function decodeTypeCursor(cursor: string): string {
  const eventType = Buffer.from(cursor, 'base64url').toString('utf8');
  if (eventTextFault(eventType) !== null || encodeTypeCursor(eventType) !== cursor) throw unknownCursor();
  return eventType;
}
