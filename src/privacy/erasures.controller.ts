import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiConflictResponse,
  ApiOkResponse,
  ApiTags,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger';
import type { Response } from 'express';
import { Caller, RequireScope } from '../platform/http/access.js';
import type { Principal } from '../platform/http/principal.js';
import {
  ErasurePreviewResponse,
  ErasureResponse,
  HeldErasure,
  RequestErasureDto,
  UnrecordedSubject,
} from './erasures/erasures.dto.js';
import { ErasuresService } from './erasures.service.js';

@ApiTags('Privacy')
@Controller('privacy/erasures')
@RequireScope('admin')
export class ErasuresController {
  constructor(private readonly erasures: ErasuresService) {}

  /** Requests the erasure of a person. A worker does it; the answer says where to look. With dry_run, only counts. */
  @Post()
  @HttpCode(202)
  @ApiAcceptedResponse({ type: ErasureResponse })
  @ApiOkResponse({ type: ErasurePreviewResponse, description: 'With dry_run: what an erasure would find.' })
  @ApiConflictResponse({ type: HeldErasure, description: 'A legal hold forbids it; held_by names it.' })
  @ApiUnprocessableEntityResponse({
    type: UnrecordedSubject,
    description: 'Nothing is recorded under this user_id; counts says what mentions it.',
  })
  requestErasure(
    @Caller() caller: Principal,
    @Body() body: RequestErasureDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ErasureResponse | ErasurePreviewResponse> {
    if (!body.dry_run) return this.erasures.request(caller, body);
    response.status(200);
    return this.erasures.dryRun(caller.tenantId, body);
  }

  /** Progress of an erasure, and its receipt when it is done. It no longer says whom it was about. */
  @Get(':id')
  @ApiOkResponse({ type: ErasureResponse })
  getErasure(@Caller() caller: Principal, @Param('id') id: string): Promise<ErasureResponse> {
    return this.erasures.get(caller.tenantId, id);
  }
}
