import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../platform/access.js';
import type { Principal } from '../platform/principal.js';
import { ErasureResponse, RequestErasureDto } from './erasures.dto.js';
import { ErasuresService } from './erasures.service.js';

@ApiTags('privacy')
@Controller('privacy/erasures')
@RequireScope('admin')
export class ErasuresController {
  constructor(private readonly erasures: ErasuresService) {}

  /** Asks to forget somebody. The work is done by a worker; the answer says where to look. */
  @Post()
  @HttpCode(202)
  @ApiAcceptedResponse({ type: ErasureResponse })
  request(@Caller() caller: Principal, @Body() body: RequestErasureDto): Promise<ErasureResponse> {
    return this.erasures.request(caller, body.user_id);
  }

  /** How far an erasure is; its receipt when it is done. It no longer says whom it was about. */
  @Get(':id')
  @ApiOkResponse({ type: ErasureResponse })
  get(@Caller() caller: Principal, @Param('id') id: string): Promise<ErasureResponse> {
    return this.erasures.get(caller.tenantId, id);
  }
}
