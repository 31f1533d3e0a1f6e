import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Metrics } from './metrics.js';

/** How the pools of this process stand, and what waits for them. */
@Injectable()
export class PoolMetrics {
  constructor(database: Database, metrics: Metrics) {
    const connections = metrics.gauge('tidemark_db_pool_connections');
    const max = metrics.gauge('tidemark_db_pool_max_connections');
    const waiting = metrics.gauge('tidemark_db_pool_waiting_requests');
    const shareWaits = metrics.counter('tidemark_db_share_waits_total');
    metrics.beforeScrape(() => {
      shareWaits.reset();
      shareWaits.inc(database.shareWaits);
      for (const [name, pool] of database.pools) {
        connections.set({ pool: name, state: 'idle' }, pool.idleCount);
        connections.set({ pool: name, state: 'busy' }, pool.totalCount - pool.idleCount);
        max.set({ pool: name }, pool.options.max);
        waiting.set({ pool: name }, pool.waitingCount);
      }
    });
  }
}
