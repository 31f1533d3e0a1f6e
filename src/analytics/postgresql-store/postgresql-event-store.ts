import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { TimeRange } from '../../platform/time/time.js';
import type {
  BreakdownQuestion,
  CountedGroups,
  CountQuestion,
  EventsOverview,
  EventStore,
  OverviewQuestion,
  RetainedUsers,
  TopValues,
} from '../event-store/event-store.js';
import type { FunnelCounts, FunnelDefinition } from '../event-store/funnel-definition.js';
import type { JourneyEvent, JourneyPlace, UserQuestion, UserSummary } from '../event-store/user-questions.js';
import type { Filter } from '../filters/filter.js';
import { listUnseen } from '../properties/event-properties.repository.js';
import { BreakdownRepository } from './breakdown.repository.js';
import { FilteredEventsRepository } from './filtered-events.repository.js';
import { FunnelCounter } from './funnel-counter.js';
import { QueryCountsRepository } from './query-counts.repository.js';
import { RetentionRepository } from './retention.repository.js';
import { UserEventsRepository } from './user-events.repository.js';

/** Answers from the events where they are kept: complete, without delay, one core for each question. */
@Injectable()
export class PostgresqlEventStore implements EventStore {
  constructor(
    private readonly database: Database,
    private readonly breakdowns: BreakdownRepository,
    private readonly counts: QueryCountsRepository,
    private readonly overviews: FilteredEventsRepository,
    private readonly retention: RetentionRepository,
    private readonly funnels: FunnelCounter,
    private readonly users: UserEventsRepository,
  ) {}

  listTopValues(tenantId: string, range: TimeRange, question: BreakdownQuestion): Promise<TopValues> {
    return this.breakdowns.listTopValues(tenantId, range, question);
  }

  count(tenantId: string, range: TimeRange, question: CountQuestion): Promise<CountedGroups> {
    return this.counts.count(tenantId, range, question);
  }

  readOverview(tenantId: string, range: TimeRange, question: OverviewQuestion): Promise<EventsOverview> {
    return this.database.readOnReplica(tenantId, (sql) => this.overviews.read(sql, tenantId, range, question));
  }

  listRetained(tenantId: string, bounds: readonly number[], filter: Filter | undefined): Promise<RetainedUsers[]> {
    return filter === undefined
      ? this.retention.listRetained(tenantId, bounds)
      : this.retention.listRetainedOf(tenantId, bounds, filter);
  }

  async countFunnel(tenantId: string, range: TimeRange, definition: FunnelDefinition): Promise<FunnelCounts> {
    const steps = await this.funnels.countSteps(tenantId, range, definition);
    if (definition.group_by === undefined) return { steps };
    return { steps, groups: await this.funnels.countGroups(tenantId, range, definition) };
  }

  describeUser(tenantId: string, question: UserQuestion): Promise<UserSummary> {
    return this.database.readOnReplica(tenantId, async (sql) => ({
      byType: await this.users.countByType(sql, tenantId, question),
      sessions: await this.users.listSessions(sql, tenantId, question),
      recent: await this.users.listRecent(sql, tenantId, question),
    }));
  }

  listJourney(tenantId: string, question: UserQuestion, limit: number, after?: JourneyPlace): Promise<JourneyEvent[]> {
    return this.database.readOnReplica(tenantId, (sql) =>
      this.users.listJourney(sql, tenantId, question, limit, after),
    );
  }

  listUnseen(
    tenantId: string,
    range: TimeRange,
    properties: readonly string[],
    types: readonly string[] | null,
  ): Promise<string[]> {
    return this.database.readOnReplica(tenantId, (sql) => listUnseen(sql, tenantId, range, properties, types));
  }
}
