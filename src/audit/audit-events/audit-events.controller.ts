import { Body, Controller, Get, Headers, Post, Query, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiProduces,
  ApiTags,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import type { OpenCall } from '../call-log/api-call.js';
import { CurrentCall } from '../call-log/current-call.js';
import { EntryConflict } from '../entries/entries.dto.js';
import { EXPORT_TYPES, FILE_ANSWER } from '../export/send-export.js';
import {
  AddFunctionalityDto,
  AuditEventPage,
  AuditEventResponse,
  CatalogueResponse,
  CreateAuditEventDto,
  EventTypesQuery,
  EventTypesResponse,
  ExportAuditEventsQuery,
  RecentAuditEventsQuery,
  RecentAuditEventsResponse,
  SearchAuditEventsQuery,
} from './audit-events.dto.js';
import { AuditEventsService } from './audit-events.service.js';

@ApiTags('Audit events')
@Controller('audit-events')
export class AuditEventsController {
  constructor(private readonly events: AuditEventsService) {}

  /** Records one audit event; it is an entry of /logs too. */
  @Post('create')
  @RequireScope('write')
  @ApiBody({ type: CreateAuditEventDto })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'Sending it again stores nothing twice.' })
  @ApiCreatedResponse({ type: AuditEventResponse })
  @ApiUnprocessableEntityResponse({
    type: EntryConflict,
    description:
      'The catalogue lacks this functionality or event type, or only Tidemark itself records it, or the Idempotency-Key was used before with other content.',
  })
  createAuditEvent(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<AuditEventResponse> {
    return this.events.create(caller, body, call, idempotencyKey);
  }

  /** The 500 most recent events, times in `tz`. */
  @Get('recent')
  @RequireScope('read')
  @ApiOkResponse({ type: RecentAuditEventsResponse })
  listRecentAuditEvents(
    @Caller() caller: Principal,
    @Query() query: RecentAuditEventsQuery,
  ): Promise<RecentAuditEventsResponse> {
    return this.events.recent(caller, query.tz);
  }

  /** Events by the criteria given, most recent first, page by page, times in `tz`. */
  @Get('search')
  @RequireScope('read')
  @ApiOkResponse({ type: AuditEventPage })
  searchAuditEvents(@Caller() caller: Principal, @Query() query: SearchAuditEventsQuery): Promise<AuditEventPage> {
    return this.events.search(caller, query);
  }

  /** Audit events as an Excel workbook, streamed. The export is itself recorded. */
  @Get('export')
  @RequireScope('read')
  @ApiProduces(EXPORT_TYPES.xlsx)
  @ApiOkResponse(FILE_ANSWER)
  exportAuditEvents(
    @Caller() caller: Principal,
    @Query() query: ExportAuditEventsQuery,
    @Res() response: Response,
  ): Promise<void> {
    return this.events.export(caller, query, response);
  }

  /** Event types that a functionality has. */
  @Get('get-eventtypenames-by-functionalityname')
  @RequireScope('read')
  @ApiOkResponse({ type: EventTypesResponse })
  listAuditEventTypes(@Caller() caller: Principal, @Query() query: EventTypesQuery): Promise<EventTypesResponse> {
    return this.events.eventTypes(caller, query.functionality_name);
  }

  /** The catalogue: every functionality with its event types. */
  @Get('functionalities')
  @RequireScope('read')
  @ApiOkResponse({ type: CatalogueResponse })
  listFunctionalities(@Caller() caller: Principal): Promise<CatalogueResponse> {
    return this.events.listFunctionalities(caller);
  }

  /** Adds event types to a functionality of your tenant, new or not. */
  @Post('functionalities')
  @RequireScope('admin')
  @ApiCreatedResponse({ type: EventTypesResponse })
  addFunctionality(@Caller() caller: Principal, @Body() body: AddFunctionalityDto): Promise<EventTypesResponse> {
    return this.events.addFunctionality(caller, body);
  }
}
