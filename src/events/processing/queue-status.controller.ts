import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { QueueStatusResponse } from '../../analytics/counts/analytics.dto.js';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { QueueStatusService } from './queue-status.service.js';

/** Lives here because the queue belongs to events; its address belongs to analytics. */
@ApiTags('Analytics')
@Controller('analytics')
export class QueueStatusController {
  constructor(private readonly status: QueueStatusService) {}

  /** What is accepted and not processed yet. */
  @Get('queue-status')
  @RequireScope('read')
  @ApiOkResponse({ type: QueueStatusResponse })
  getQueueStatus(@Caller() caller: Principal): Promise<QueueStatusResponse> {
    return this.status.get(caller.tenantId);
  }
}
