import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Authenticate, AuthenticateWith } from '../auth/auth.guard.js';
import { RequireScope } from '../platform/http/access.js';
import { DEFAULT_TENANT_ID, type Principal } from '../platform/http/principal.js';
import { Metrics } from '../platform/metrics/metrics.js';

/** Where Prometheus looks by itself. */
export const METRICS_PATH = 'metrics';

/** Whoever sends METRICS_TOKEN: without any scope, and with a limit of its own. */
const SCRAPER: Principal = {
  tenantId: DEFAULT_TENANT_ID,
  clientId: 'metrics',
  keyId: 'metrics-token',
  keyName: 'METRICS_TOKEN',
  scopes: [],
  rateLimit: 600,
  rateWindowSeconds: 60,
  eventLimit: null,
};

const authenticateScraper: Authenticate = (auth, request, needed) => auth.authenticateScraper(SCRAPER, request, needed);

@ApiTags('monitoring')
@Controller()
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  /**
   * Metrics of this process and of the installation, for Prometheus. METRICS_TOKEN opens it as well as a platform key;
   * docs/monitoring/metrics.md says what each metric means.
   */
  @Get(METRICS_PATH)
  @RequireScope('platform')
  @AuthenticateWith(authenticateScraper)
  @Header('Cache-Control', 'no-store')
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The text format of Prometheus, version 0.0.4.', schema: { type: 'string' } })
  async scrape(@Res({ passthrough: true }) response: Response): Promise<string> {
    response.type(this.metrics.contentType);
    return this.metrics.scrape();
  }
}
