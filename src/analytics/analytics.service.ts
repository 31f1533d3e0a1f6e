import { Injectable } from '@nestjs/common';
import { toIso, toTimeRange } from '../platform/query.dto.js';
import type { EventCountsQuery, EventsByClientAndTypeResponse, EventsByTypeResponse } from './analytics.dto.js';
import { EventCountsRepository } from './event-counts.repository.js';

@Injectable()
export class AnalyticsService {
  constructor(private readonly counts: EventCountsRepository) {}

  async countByType(tenantId: string, query: EventCountsQuery): Promise<EventsByTypeResponse> {
    const { from, to, data: rows } = await this.countByClientAndType(tenantId, query);
    const counts = new Map<string, number>();
    for (const { event_type, count } of rows) counts.set(event_type, (counts.get(event_type) ?? 0) + count);
    const data = [...counts]
      .map(([event_type, count]) => ({ event_type, count }))
      .sort((a, b) => b.count - a.count || (a.event_type < b.event_type ? -1 : 1));
    return { from, to, total: data.reduce((sum, { count }) => sum + count, 0), data };
  }

  async countByClientAndType(tenantId: string, query: EventCountsQuery): Promise<EventsByClientAndTypeResponse> {
    const range = toTimeRange(query);
    const data = await this.counts.listByClientAndType(tenantId, range, query.client_id);
    return { from: toIso(range.from), to: toIso(range.to), data };
  }
}
