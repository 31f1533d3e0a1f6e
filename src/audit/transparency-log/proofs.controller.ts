import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import {
  CheckpointResponse,
  ConsistencyProofResponse,
  ConsistencyQuery,
  InclusionProofResponse,
} from './proofs.dto.js';
import { ProofsService } from './proofs.service.js';

/** Listed before the controller of `/logs/:id`, which would take the fixed words for ids. */
@ApiTags('Audit proofs')
@Controller('logs')
@RequireScope('read')
export class ProofsController {
  constructor(private readonly proofs: ProofsService) {}

  /**
   * The newest signed checkpoint of the audit trail. Whoever keeps one can tell later that nothing before it changed.
   */
  @Get('checkpoint')
  @ApiOkResponse({ type: CheckpointResponse })
  getCheckpoint(@Caller() caller: Principal): Promise<CheckpointResponse> {
    return this.proofs.getCheckpoint(caller.tenantId);
  }

  /** Proof that an earlier tree is the beginning of a later one. */
  @Get('consistency')
  @ApiOkResponse({ type: ConsistencyProofResponse })
  getConsistencyProof(
    @Caller() caller: Principal,
    @Query() query: ConsistencyQuery,
  ): Promise<ConsistencyProofResponse> {
    return this.proofs.getConsistency(caller.tenantId, query.from, query.to);
  }

  /** Proof that an entry is in the audit trail; or an act on it, whose `id` stands in its leaf in an ndjson export. */
  @Get(':id/proof')
  @ApiOkResponse({ type: InclusionProofResponse })
  getInclusionProof(@Caller() caller: Principal, @Param('id') id: string): Promise<InclusionProofResponse> {
    return this.proofs.getInclusion(caller.tenantId, id);
  }
}
