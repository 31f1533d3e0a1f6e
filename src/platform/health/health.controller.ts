import { Controller, Get, HttpCode, Res } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../http/access.js';
import { HealthResponse, LivenessResponse, ReadinessResponse } from './health.dto.js';
import { HealthService } from './health.service.js';

@ApiTags('Health')
@Controller()
@Public()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** State of the service and of what it stands on. */
  @Get(['health', 'healthcheck'])
  @ApiOkResponse({ type: HealthResponse, description: 'PostgreSQL answers.' })
  @ApiServiceUnavailableResponse({ type: HealthResponse, description: 'PostgreSQL does not answer.' })
  async get(@Res({ passthrough: true }) response: Response): Promise<HealthResponse> {
    const report = await this.health.report();
    response.status(report.status === 'healthy' ? 200 : 503);
    return report;
  }

  /** Liveness probe: the process runs. */
  @Get('health/live')
  @HttpCode(200)
  @ApiOkResponse({ type: LivenessResponse })
  getLiveness(): LivenessResponse {
    return { status: 'alive' };
  }

  /** Readiness probe: the process takes requests. 503 from the moment it is told to stop. */
  @Get('health/ready')
  @ApiOkResponse({ type: ReadinessResponse, description: 'It takes requests.' })
  @ApiServiceUnavailableResponse({ type: ReadinessResponse, description: 'It does not.' })
  async getReadiness(@Res({ passthrough: true }) response: Response): Promise<ReadinessResponse> {
    const ready = await this.health.isReady();
    response.status(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not_ready' };
  }
}
