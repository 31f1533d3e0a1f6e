import { rangeOf } from '../../platform/http/range.dto.js';
import { Injectable } from '@nestjs/common';
import { answerAsOf } from '../../platform/database/as-of.js';
import { Database, type Sql } from '../../platform/database/database.js';
import { toTimeRange } from '../../platform/http/query.dto.js';
import { type TimeRange } from '../../platform/time/time.js';
import { ActiveSubjectsRepository } from '../counts/active-subjects.repository.js';
import type { TypeCount } from '../counts/analytics.dto.js';
import { AnswerCache } from '../cache/answer-cache.js';
import { requireBuckets, suitableInterval } from '../time/buckets.js';
import { EventCountsRepository } from '../counts/event-counts.repository.js';
import { EventStore } from '../event-store/event-store.js';
import { UnseenProperties } from '../event-store/unseen-properties.js';
import { type FilteredSubjects, FilteredSubjectsRepository } from './filtered-subjects.repository.js';
import { bothOf, equal, type Filter } from '../filters/filter.js';
import { DEFAULT_WINDOW_S } from '../funnels/funnels.dto.js';
import { FunnelsService } from '../funnels/funnels.service.js';
import {
  type SavedFunnel,
  type SavedFunnelDefinition,
  SavedFunnelsRepository,
} from '../funnels/saved-funnels.repository.js';
import { SegmentFilters } from '../segments/segment-filters.js';
import { fillSeries } from '../counts/series.js';
import type { OverviewQuery, OverviewResponse } from './overview.dto.js';

const TOP_USERS = 10;
/** Users and sessions are counted from the events while a filter leaves at most this many. */
const MAX_FILTERED_EVENTS = 200_000;
/** Up to this many events the funnel of the overview is exact. */
const EXACT_FUNNEL_EVENTS = 100_000;
/** Their events are fetched one by one; the standard error of a rate is 2.5 % at most. */
const SAMPLED_USERS = 400;

/** Steps of a web shop, which the sample data have. */
const SHOP_STEPS = ['page_view', 'product_view', 'add_to_cart', 'checkout_started', 'purchase_completed'];

/** The dashboard: one answer for everything on it, some seconds old at most. */
@Injectable()
export class OverviewService {
  constructor(
    private readonly database: Database,
    private readonly cache: AnswerCache,
    private readonly counts: EventCountsRepository,
    private readonly subjects: ActiveSubjectsRepository,
    private readonly filtered: FilteredSubjectsRepository,
    private readonly events: EventStore,
    private readonly unseen: UnseenProperties,
    private readonly segments: SegmentFilters,
    private readonly funnels: FunnelsService,
    private readonly savedFunnels: SavedFunnelsRepository,
  ) {}

  async get(tenantId: string, query: OverviewQuery): Promise<OverviewResponse> {
    const { from, to, tz, interval, client_id: client, event_type: type, sampling } = query;
    const range = toTimeRange(query);
    const filters = await this.segments.filterOf(tenantId, query);
    return this.cache.get(tenantId, ['overview', from, to, tz, interval, client, type, filters, sampling], () =>
      answerAsOf(() => {
        if (filters !== undefined) return this.readEvents(tenantId, range, query, filters);
        const isFiltered = client !== undefined || type !== undefined;
        return isFiltered ? this.readFiltered(tenantId, range, query) : this.read(tenantId, range, query);
      }),
    );
  }

  /** With filters on properties, which no rollup knows: all of it from the events. */
  private async readEvents(
    tenantId: string,
    range: TimeRange,
    query: OverviewQuery,
    filters: Filter,
  ): Promise<OverviewResponse> {
    const { tz, interval = suitableInterval(range), client_id, event_type, sampling } = query;
    const starts = requireBuckets(range, interval, tz);
    const filter = bothOf(...equal({ client_id, event_type }), filters) ?? filters;
    const question = { starts, filter, limit: TOP_USERS, sampling };
    const {
      byType,
      trend: counts,
      total,
      usersEstimate,
      sample,
      ...found
    } = await this.events.readOverview(tenantId, range, question);
    const trend = counts.map((count) => ({ ...count, group: null }));
    const unseen = byType.length === 0 ? await this.unseen.describe(tenantId, range, filters) : {};
    const answer = { range, interval, byType, trend: fillSeries(starts, trend), found };
    const exact = describeFiltered(answer);
    if (sample === undefined) return { ...exact, ...unseen };
    const errors = {
      total_events_standard_error: total.standard_error ?? null,
      unique_users_standard_error: usersEstimate.standard_error ?? null,
    };
    return { ...exact, summary: { ...exact.summary, ...errors, unique_users_method: 'sample' }, sample, ...unseen };
  }

  /** With a filter: counts from rollups, users and sessions from the events, where they are not too many. */
  private async readFiltered(tenantId: string, range: TimeRange, query: OverviewQuery): Promise<OverviewResponse> {
    const { tz, interval = suitableInterval(range), client_id: clientId } = query;
    const starts = requireBuckets(range, interval, tz);
    return this.database.readOnReplica(tenantId, async (sql) => {
      const [byType, trend] = await Promise.all([
        this.counts.listByType(sql, tenantId, range, query),
        this.counts.listByBucket(sql, tenantId, range, starts, query),
      ]);
      const total = byType.reduce((sum, { count }) => sum + count, 0);
      const types = byType.map(({ event_type }) => event_type);
      const filter = { types, clientId, limit: TOP_USERS };
      const isCounted = total <= MAX_FILTERED_EVENTS;
      const found = isCounted ? await this.filtered.count(sql, tenantId, range, filter) : null;
      return describeFiltered({ range, interval, byType, trend: fillSeries(starts, trend), found });
    });
  }

  /** On one connection, one after the other: a dashboard takes one core for a moment, not all of them. */
  private async read(tenantId: string, range: TimeRange, query: OverviewQuery): Promise<OverviewResponse> {
    const { tz, interval = suitableInterval(range) } = query;
    const starts = requireBuckets(range, interval, tz);
    const { byType, trend, users, sessions, eventsPerUser, top, conversion } = await this.database.readOnReplica(
      tenantId,
      async (sql) => {
        // Queries that do not depend on each other are sent together.
        const [byType, trend, users, sessions, [saved]] = await Promise.all([
          this.counts.listByType(sql, tenantId, range),
          this.counts.listByBucket(sql, tenantId, range, starts),
          this.subjects.countDistinct(sql, 'user', tenantId, range),
          this.subjects.countDistinct(sql, 'session', tenantId, range),
          this.savedFunnels.listIn(sql, tenantId, 1),
        ]);
        const many = users.method === 'sketch';
        const [eventsPerUser, top, conversion] = await Promise.all([
          this.subjects.eventsPerUser(sql, tenantId, range, users.bound),
          this.subjects.listTopUsers(sql, tenantId, range, { limit: TOP_USERS, many }),
          this.readConversion(sql, tenantId, range, saved, byType, users.count),
        ]);
        return { byType, trend, users, sessions, eventsPerUser, top, conversion };
      },
    );
    const total = byType.reduce((sum, { count }) => sum + count, 0);
    return {
      ...rangeOf(range),
      summary: {
        total_events: total,
        unique_users: users.count,
        unique_sessions: sessions.count,
        events_per_user: eventsPerUser,
        unique_users_method: users.method,
        unique_sessions_method: sessions.method,
        top_users_method: top.method,
      },
      by_type: byType,
      interval,
      trend: fillSeries(starts, trend),
      top_users: top.users,
      conversion,
    };
  }

  /**
   * The newest saved funnel, or one of the types that occur. With many users a sample is followed, and the numbers are
   * scaled up to all of them.
   */
  private async readConversion(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    saved: SavedFunnel | undefined,
    byType: TypeCount[],
    uniqueUsers: number,
  ): Promise<NonNullable<OverviewResponse['conversion']>> {
    const definition = saved?.definition ?? defaultFunnel(byType);
    const exact = byType.reduce((sum, { count }) => sum + count, 0) <= EXACT_FUNNEL_EVENTS;
    const users = exact ? null : await this.subjects.sampleUsers(sql, tenantId, range, SAMPLED_USERS);
    const steps =
      definition.steps.length === 0 ? [] : await this.funnels.countSteps(sql, tenantId, range, definition, users);
    const scale = users === null ? 1 : uniqueUsers / Math.max(users.length, 1);
    return {
      funnel_id: saved?.id ?? null,
      name: saved?.name ?? 'Conversion',
      window_s: definition.window_s,
      method: exact ? 'exact' : 'sample',
      rate: steps.at(-1)?.conversion_from_first ?? 0,
      steps: steps.map((step) => ({ ...step, users: Math.round(step.users * scale) })),
    };
  }
}

interface FilteredAnswer {
  range: TimeRange;
  interval: OverviewResponse['interval'];
  byType: TypeCount[];
  trend: OverviewResponse['trend'];
  /** null where they are too many to be counted. */
  found: FoundSubjects | null;
}

/** null where a sample does not tell. */
type FoundSubjects = Pick<FilteredSubjects, 'users' | 'userEvents'> & {
  [Told in 'sessions' | 'top']: FilteredSubjects[Told] | null;
};

function describeFiltered({ range, interval, byType, trend, found }: FilteredAnswer): OverviewResponse {
  const methodOf = (told: unknown) => (told === null || told === undefined ? ('none' as const) : ('exact' as const));
  return {
    ...rangeOf(range),
    summary: {
      total_events: byType.reduce((sum, { count }) => sum + count, 0),
      unique_users: found?.users ?? null,
      unique_sessions: found?.sessions ?? null,
      events_per_user: found === null ? null : found.users === 0 ? 0 : found.userEvents / found.users,
      unique_users_method: methodOf(found),
      unique_sessions_method: methodOf(found?.sessions),
      top_users_method: methodOf(found?.top),
    },
    by_type: byType,
    interval,
    trend,
    top_users: found?.top ?? [],
    conversion: null,
  };
}

function defaultFunnel(byType: readonly TypeCount[]): SavedFunnelDefinition {
  const seen = new Set(byType.map(({ event_type }) => event_type));
  const shop = SHOP_STEPS.filter((type) => seen.has(type));
  const types = shop.length >= 2 ? shop : [...seen].slice(0, 2);
  return { steps: types.map((event_type) => ({ event_type })), window_s: DEFAULT_WINDOW_S };
}
