import { Body, Controller, Delete, Get, Headers, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiConflictResponse,
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
import { CurrentCall } from '../call-log/current-call.js';
import type { OpenCall } from '../call-log/api-call.js';
import {
  CreatedEntriesResponse,
  CreatedEntryResponse,
  CreateEntriesDto,
  CreateEntryDto,
  EntryConflict,
  EntryPage,
  EntryResponse,
} from '../entries/entries.dto.js';
import { CleanupQuery, CleanupResponse } from './cleanup.dto.js';
import { EntryStatsQuery, EntryStatsResponse, ListEntriesQuery } from '../search/entry-queries.dto.js';
import { ExportEntriesQuery } from '../export/export.dto.js';
import { EXPORT_MEDIA_TYPES, FILE_ANSWER } from '../export/send-export.js';
import { AuditEntriesService } from './entries.service.js';
import { EntryCleanupService } from './entry-cleanup.service.js';
import { EntryExportService } from '../export/entry-export.service.js';

@ApiTags('Audit trail')
@Controller('logs')
export class AuditEntriesController {
  constructor(
    private readonly entries: AuditEntriesService,
    private readonly exports: EntryExportService,
    private readonly cleanups: EntryCleanupService,
  ) {}

  /** Records one entry. The 201 means it is committed; nothing can change it any more. */
  @Post()
  @RequireScope('write')
  @ApiBody({ type: CreateEntryDto })
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: 'The same as idempotency_key.' })
  @ApiCreatedResponse({ type: CreatedEntryResponse })
  @ApiBadRequestResponse({ description: 'The entry is invalid; errors name the field.' })
  @ApiUnprocessableEntityResponse({
    type: EntryConflict,
    description:
      'idempotency_key was used before with other content, or only Tidemark itself records this resource_type.',
  })
  createAuditEntry(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<CreatedEntryResponse> {
    return this.entries.create(caller, body, call, idempotencyKey);
  }

  /** Records up to 1,000 entries. One bad entry does not affect the others. */
  @Post('bulk')
  @RequireScope('write')
  @ApiBody({ type: CreateEntriesDto })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Entries without idempotency_key get one from it, by their place: the same request again stores nothing twice.',
  })
  @ApiCreatedResponse({ type: CreatedEntriesResponse })
  @ApiBadRequestResponse({ type: CreatedEntriesResponse, description: 'No entry is valid.' })
  @ApiUnprocessableEntityResponse({
    type: CreatedEntriesResponse,
    description: 'All are of types that only Tidemark records.',
  })
  createAuditEntries(
    @Caller() caller: Principal,
    @Body() body: unknown,
    @CurrentCall() call: OpenCall,
    @Headers('Idempotency-Key') idempotencyKey?: string,
  ): Promise<CreatedEntriesResponse> {
    return this.entries.createMany(caller, body, call, idempotencyKey);
  }

  /** Entries by when they happened, newest first. */
  @Get()
  @RequireScope('read')
  @ApiOkResponse({ type: EntryPage })
  listAuditEntries(@Caller() caller: Principal, @Query() query: ListEntriesQuery): Promise<EntryPage> {
    return this.entries.list(caller, query);
  }

  /** How many entries there are, by action, severity, resource type and day. */
  @Get('stats')
  @RequireScope('read')
  @ApiOkResponse({ type: EntryStatsResponse })
  getAuditEntryStats(@Caller() caller: Principal, @Query() query: EntryStatsQuery): Promise<EntryStatsResponse> {
    return this.entries.stats(caller, query);
  }

  /** Entries as a file, streamed. The export is itself recorded. ndjson holds what `verify-audit` needs. */
  @Get('export')
  @RequireScope('read')
  @ApiProduces(...EXPORT_MEDIA_TYPES)
  @ApiOkResponse(FILE_ANSWER)
  exportAuditEntries(
    @Caller() caller: Principal,
    @Query() query: ExportEntriesQuery,
    @Res() response: Response,
  ): Promise<void> {
    return this.exports.send(caller, query, response);
  }

  /**
   * Archives entries that were recorded more than `older_than_days` ago, then removes them, but none that must still be
   * kept. All other proofs stay valid, and the removal is recorded in the audit trail.
   */
  @Delete('cleanup')
  @RequireScope('admin')
  @ApiOkResponse({ type: CleanupResponse })
  @ApiUnprocessableEntityResponse({
    description: 'older_than_days is below the days that audit entries are kept, or no place for archives is set.',
  })
  @ApiConflictResponse({ description: 'Entries of the tenant are being archived by another request or process.' })
  cleanUpAuditEntries(@Caller() caller: Principal, @Query() query: CleanupQuery): Promise<CleanupResponse> {
    return this.cleanups.cleanUp(caller, query.older_than_days);
  }

  /** One entry, with what changed between its states. */
  @Get(':id')
  @RequireScope('read')
  @ApiOkResponse({ type: EntryResponse })
  getAuditEntry(@Caller() caller: Principal, @Param('id') id: string): Promise<EntryResponse> {
    return this.entries.get(caller, id);
  }
}
