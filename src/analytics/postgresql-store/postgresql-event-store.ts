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
  Retained,
  TopValues,
} from '../event-store/event-store.js';
import { type FunnelCounts, type FunnelDefinition, typesOf } from '../event-store/funnel-definition.js';
import type { JourneyEvent, JourneyPlace, UserQuestion, UserSummary } from '../event-store/user-questions.js';
import { EARLIEST_TIME } from '../../platform/http/field-fault.js';
import { type Filter, requiredTypes } from '../filters/filter.js';
import { type Sampling, scaleUsers } from '../sampling/sample.js';
import { Sampler } from '../sampling/sampler.js';
import { listUnseen } from '../properties/event-properties.repository.js';
import { BreakdownRepository } from './breakdown.repository.js';
import { FilteredEventsRepository } from './filtered-events.repository.js';
import { FunnelCounter } from './funnel-counter.js';
import { QueryCountsRepository, unitOf } from './query-counts.repository.js';
import { RetentionRepository } from './retention.repository.js';
import { UserEventsRepository } from './user-events.repository.js';

/** Answers from the events where they are kept: complete, without delay, one core for each question. */
@Injectable()
export class PostgresqlEventStore implements EventStore {
  constructor(
    private readonly database: Database,
    private readonly sampler: Sampler,
    private readonly breakdowns: BreakdownRepository,
    private readonly counts: QueryCountsRepository,
    private readonly overviews: FilteredEventsRepository,
    private readonly retention: RetentionRepository,
    private readonly funnels: FunnelCounter,
    private readonly users: UserEventsRepository,
  ) {}

  listTopValues(tenantId: string, range: TimeRange, question: BreakdownQuestion): Promise<TopValues> {
    const { filter, sampling = 'never' } = question;
    const sampled = { range, types: requiredTypes(filter), unit: 'user' as const };
    return this.sampler.answer(tenantId, sampled, sampling, (effort) =>
      this.breakdowns.listTopValues(tenantId, range, question, effort),
    );
  }

  count(tenantId: string, range: TimeRange, question: CountQuestion): Promise<CountedGroups> {
    const { filter, measure, sampling = 'never' } = question;
    const sampled = { range, types: requiredTypes(filter), unit: unitOf(measure) };
    return this.sampler.answer(tenantId, sampled, sampling, (effort) =>
      this.counts.count(tenantId, range, question, effort),
    );
  }

  readOverview(tenantId: string, range: TimeRange, question: OverviewQuestion): Promise<EventsOverview> {
    const { filter, sampling = 'never' } = question;
    const sampled = { range, types: requiredTypes(filter), unit: 'user' as const };
    return this.sampler.answer(tenantId, sampled, sampling, (effort) =>
      this.database.readOnReplica(tenantId, (sql) => this.overviews.read(sql, tenantId, range, question, effort)),
    );
  }

  /** Without a filter from the days of the users, which are few. */
  async listRetained(
    tenantId: string,
    bounds: readonly number[],
    filter: Filter | undefined,
    sampling: Sampling = 'never',
  ): Promise<Retained> {
    if (filter === undefined) return { data: await this.retention.listRetained(tenantId, bounds) };
    const range = { from: EARLIEST_TIME, to: bounds.at(-1) ?? 0 };
    const sampled = { range, types: requiredTypes(filter), unit: 'user' as const };
    return this.sampler.answer(tenantId, sampled, sampling, async (effort) => ({
      data: await this.retention.listRetainedOf(tenantId, bounds, filter, effort),
    }));
  }

  countFunnel(
    tenantId: string,
    range: TimeRange,
    definition: FunnelDefinition,
    sampling: Sampling = 'never',
  ): Promise<FunnelCounts> {
    const sampled = { range, types: typesOf(definition.steps), unit: 'user' as const };
    return this.sampler.answer(tenantId, sampled, sampling, async (effort) => {
      const { group_by: group, ...whole } = definition;
      const steps = scaleUsers(await this.funnels.countSteps(tenantId, range, whole, effort), effort);
      if (group === undefined) return { steps };
      const groups = await this.funnels.countSteps(tenantId, range, definition, effort);
      return { steps, groups: scaleUsers(groups, effort) };
    });
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
