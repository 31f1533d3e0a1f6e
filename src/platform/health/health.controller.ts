import { Controller, Get, HttpCode, Res } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../http/access.js';
import { type HealthResponse, HealthService } from './health.service.js';

@ApiTags('health')
@Controller()
@Public()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** State of the service and of what it stands on. */
  @Get(['health', 'healthcheck'])
  @ApiOkResponse({ description: 'PostgreSQL answers.' })
  @ApiServiceUnavailableResponse({ description: 'PostgreSQL does not answer.' })
  async report(@Res({ passthrough: true }) response: Response): Promise<HealthResponse> {
    const report = await this.health.report();
    response.status(report.status === 'healthy' ? 200 : 503);
    return report;
  }

  /** Liveness probe: the process runs. */
  @Get('health/live')
  @HttpCode(200)
  live(): { status: 'alive' } {
    return { status: 'alive' };
  }

  /** Readiness probe: the process takes requests. 503 from the moment it is told to stop. */
  @Get('health/ready')
  async ready(@Res({ passthrough: true }) response: Response): Promise<{ status: 'ready' | 'not_ready' }> {
    const ready = await this.health.isReady();
    response.status(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not_ready' };
  }
}
