import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { ApiCallPage, ExportApiCallsQuery, ListApiCallsQuery } from '../call-log/api-calls.dto.js';
import { FILE_ANSWER } from '../export/send-export.js';
import { ApiCallsService } from './api-calls.service.js';

@ApiTags('API calls')
@Controller('audit/logs')
@RequireScope('admin')
export class ApiCallsController {
  constructor(private readonly calls: ApiCallsService) {}

  /** The tenant's API calls, refused ones too, newest first. */
  @Get()
  @ApiOkResponse({ type: ApiCallPage })
  listApiCalls(@Caller() caller: Principal, @Query() query: ListApiCallsQuery): Promise<ApiCallPage> {
    return this.calls.list(caller.tenantId, query);
  }

  /** API calls as a file, streamed. */
  @Get('export')
  @ApiProduces('text/csv', 'application/x-ndjson')
  @ApiOkResponse(FILE_ANSWER)
  exportApiCalls(
    @Caller() caller: Principal,
    @Query() query: ExportApiCallsQuery,
    @Res() response: Response,
  ): Promise<void> {
    return this.calls.export(caller, query, response);
  }
}
