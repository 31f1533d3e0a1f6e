import { version } from '../config/version.js';
import { Metrics } from '../metrics/metrics.js';
import { HealthService } from './health.service.js';

/** What this process is, and whether what it stands on answers it. */
export class ProcessMetrics {
  constructor(health: HealthService, metrics: Metrics, process: 'api' | 'worker') {
    metrics.gauge('tidemark_build_info').set({ version, process }, 1);
    const postgres = metrics.gauge('tidemark_postgres_up');
    const queue = metrics.gauge('tidemark_queue_up');
    metrics.beforeScrape(async () => {
      const { checks } = await health.report();
      postgres.set(checks.postgres.status === 'up' ? 1 : 0);
      queue.set(checks.queue.status === 'up' ? 1 : 0);
    });
  }
}
