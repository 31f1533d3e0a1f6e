import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { EARLIEST_TIME } from '../../platform/http/field-fault.js';
import type { Principal } from '../../platform/http/principal.js';
import { badRequest, notFound, Problem } from '../../platform/http/problem.js';
import { DAY_MS, parseDateTime } from '../../platform/time/time.js';
import type { OpenCall } from '../call-log/api-call.js';
import { ArchiveSearch } from '../archive/archive-search.js';
import { AuditEntriesRepository, MAX_COUNTED } from '../search/entries.repository.js';
import { AuditEntriesService, invalid, reserved } from '../api/entries.service.js';
import type { SealableEntry } from '../transparency-log/leaf.js';
import { recordOf } from '../entries/act.js';
import { isReserved } from '../entries/own-resources.js';
import { auditEventTable } from '../export/entry-table.js';
import { EntryExportService } from '../export/entry-export.service.js';
import type { EntryFilter } from '../search/entry-filter.js';
import { isFieldError } from '../entries/entry-parser.js';
import { parseAuditEvent } from './audit-event-parser.js';
import type {
  AddFunctionalityDto,
  AuditEventFilterQuery,
  AuditEventPage,
  AuditEventResponse,
  CatalogueResponse,
  CreateAuditEventDto,
  EventTypesResponse,
  ExportAuditEventsQuery,
  RecentAuditEventsResponse,
  SearchAuditEventsQuery,
} from './audit-events.dto.js';
import { CatalogueRepository } from './catalogue.repository.js';

const RECENT = 500;

/** Audit events by functionality and event type: another view of the same entries. */
@Injectable()
export class AuditEventsService {
  constructor(
    private readonly entries: AuditEntriesRepository,
    private readonly recorder: AuditEntriesService,
    private readonly exports: EntryExportService,
    private readonly archives: ArchiveSearch,
    private readonly catalogue: CatalogueRepository,
  ) {}

  /** @throws Problem 400 for an invalid event, 422 for a functionality or event type the catalogue lacks */
  async create(caller: Principal, body: unknown, call: OpenCall): Promise<AuditEventResponse> {
    const content = parseAuditEvent(body);
    if (isFieldError(content)) throw invalid(content);
    const { functionality, event_type } = body as CreateAuditEventDto;
    if (isReserved(functionality)) throw reserved('functionality');
    const known = await this.catalogue.listEventTypes(caller.tenantId, functionality);
    if (known === null) throw unknownFunctionality(functionality, 422);
    if (!known.includes(event_type)) throw unknownEventType(functionality, known);
    const entry = await this.recorder.record(caller, content, call);
    return toAuditEvent(entry);
  }

  async recent(caller: Principal): Promise<RecentAuditEventsResponse> {
    return { data: (await this.entries.list(caller.tenantId, everything(), RECENT)).map(toAuditEvent) };
  }

  /** @throws Problem 400 for pages so far back, or archives so large, that reading them would cost too much */
  async search(caller: Principal, query: SearchAuditEventsQuery): Promise<AuditEventPage> {
    const { page_number, page_size } = query;
    const filter = toFilter(query);
    const offset = offsetOf(query);
    if (query.include_archived !== 'true') {
      const { rows, total } = await this.entries.listPage(caller.tenantId, filter, page_size, offset);
      return { data: rows.map(toAuditEvent), page_number, page_size, total };
    }
    const { rows, total, searched } = await this.archives.listPage(caller.tenantId, filter, page_size, offset);
    return { data: rows.map(toAuditEvent), page_number, page_size, total, archives: searched.map(({ file }) => file) };
  }

  /** An Excel workbook of the most recent events, or of what the search parameters select. */
  async export(caller: Principal, query: ExportAuditEventsQuery, response: Response): Promise<void> {
    const { tz, recent, ...search } = query;
    const { page_number, page_size = RECENT } = search;
    const options = { format: 'xlsx', timeZone: tz, name: 'audit-events', toTable: auditEventTable } as const;
    if (recent === 'true') {
      const part = { offset: 0, limit: RECENT };
      return this.exports.sendFiltered(
        caller,
        everything(),
        { ...options, asked: { recent: true }, part, label: 'recent' },
        response,
      );
    }
    const part =
      page_number === undefined ? {} : { part: { offset: offsetOf({ page_number, page_size }), limit: page_size } };
    await this.exports.sendFiltered(caller, toFilter(search), { ...options, asked: search, ...part }, response);
  }

  /** @throws Problem 404 */
  async eventTypes(caller: Principal, functionality: string): Promise<EventTypesResponse> {
    const event_types = await this.catalogue.listEventTypes(caller.tenantId, functionality);
    if (event_types === null) throw unknownFunctionality(functionality, 404);
    return { functionality, event_types };
  }

  async listFunctionalities(caller: Principal): Promise<CatalogueResponse> {
    return { data: await this.catalogue.list(caller.tenantId) };
  }

  /** Adds event types to a functionality of the tenant, which need not exist yet. */
  async addFunctionality(caller: Principal, dto: AddFunctionalityDto): Promise<EventTypesResponse> {
    const { functionality, event_types } = dto;
    if (isReserved(functionality)) throw reserved('functionality');
    const record = recordOf(caller, {
      ...{ action: 'CREATE', resource: 'functionality', id: functionality, message: 'Functionality extended' },
      after: { functionality, event_types },
    });
    await this.catalogue.add(caller.tenantId, functionality, event_types, record);
    return this.eventTypes(caller, functionality);
  }
}

const everything = (): EntryFilter => ({
  range: { from: EARLIEST_TIME, to: Date.now() + DAY_MS },
  equal: {},
  auditEventsOnly: true,
});

function toFilter(query: AuditEventFilterQuery): EntryFilter {
  const { functionality, event_type, status, store_id, company_id, user, message_pattern } = query;
  const filter = everything();
  const { from, to } = filter.range;
  const range = {
    from: query.from_date === undefined ? from : (parseDateTime(query.from_date) ?? from),
    to: query.to_date === undefined ? to : (parseDateTime(query.to_date) ?? to),
  };
  if (range.from >= range.to) {
    throw badRequest('from_date must be before to_date.', [{ path: 'from_date', message: 'must be before to_date' }]);
  }
  const equal = {
    ...(functionality === undefined ? {} : { functionality }),
    ...(event_type === undefined ? {} : { event_type }),
    ...(status === undefined ? {} : { status }),
    ...(store_id === undefined ? {} : { store_id }),
    ...(company_id === undefined ? {} : { company_id }),
    ...(user === undefined ? {} : { user_id: user }),
  };
  return { ...filter, range, equal, messagePart: message_pattern };
}

function offsetOf({ page_number, page_size }: { page_number: number; page_size: number }): number {
  const offset = (page_number - 1) * page_size;
  if (offset >= MAX_COUNTED) {
    throw badRequest(
      `page_number ${page_number} is beyond the first ${MAX_COUNTED} matches. Narrow the search with from_date and to_date.`,
      [{ path: 'page_number', message: `must be within the first ${MAX_COUNTED} matches` }],
    );
  }
  return offset;
}

function unknownFunctionality(name: string, status: 404 | 422): Problem {
  const sentence = `There is no functionality "${name.slice(0, 100)}". POST /audit-events/functionalities adds one.`;
  if (status === 404) return notFound(sentence);
  return new Problem(422, sentence, { errors: [{ path: 'functionality', message: 'is not in the catalogue' }] });
}

function unknownEventType(functionality: string, known: readonly string[]): Problem {
  const some = known.slice(0, 20).join(', ');
  return new Problem(422, `"${functionality}" has no such event type; it has ${some}.`, {
    errors: [{ path: 'event_type', message: `must be one of ${some}` }],
  });
}

function toAuditEvent(entry: SealableEntry & { restored?: boolean; archived?: boolean }): AuditEventResponse {
  return {
    id: entry.id,
    event_timestamp: `${entry.occurred_at.slice(0, 23)}Z`,
    functionality: entry.functionality ?? '',
    event_type: entry.event_type ?? '',
    store_id: entry.store_id,
    company_id: entry.company_id,
    user: entry.user_id,
    message: entry.message,
    status: entry.status,
    additional_data: entry.metadata,
    created_at: `${entry.created_at.slice(0, 23)}Z`,
    restored: entry.restored ?? false,
    archived: entry.archived ?? false,
  };
}
