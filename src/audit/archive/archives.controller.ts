import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Page } from '../../platform/http/cursor.js';
import type { Principal } from '../../platform/http/principal.js';
import { ArchivePage, type ArchiveResponse, ListArchivesQuery } from './archives.dto.js';
import { ArchivesService } from './archives.service.js';

@ApiTags('Audit trail')
@Controller('logs/archives')
export class ArchivesController {
  constructor(private readonly archives: ArchivesService) {}

  /** The files that audit entries went to before they were removed, newest first. */
  @Get()
  @RequireScope('admin')
  @ApiOkResponse({ type: ArchivePage })
  listArchives(@Caller() caller: Principal, @Query() query: ListArchivesQuery): Promise<Page<ArchiveResponse>> {
    return this.archives.list(caller.tenantId, query);
  }
}
