import { Inject, Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { ClickHouse } from '../../platform/clickhouse/clickhouse.js';
import { readFeedState } from '../../platform/clickhouse/feed-state-sql.js';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { noteAsOf, noteEngine } from '../../platform/database/as-of.js';
import { Database } from '../../platform/database/database.js';
import { Problem } from '../../platform/http/problem.js';
import { RareWarning } from '../../platform/logging/rare-warning.js';
import type { TimeRange } from '../../platform/time/time.js';
import { ClickHouseEventStore } from '../clickhouse-store/clickhouse-event-store.js';
import { isInColumn } from '../clickhouse-store/property-sql.js';
import { isOverLimit } from '../clickhouse-store/tenant-statements.js';
import type {
  BreakdownQuestion,
  CountedGroups,
  CountQuestion,
  EventCounts,
  EventsOverview,
  EventStore,
  MaySample,
  OverviewQuestion,
  Retained,
  TopValues,
} from '../event-store/event-store.js';
import { conditionOf, type FunnelCounts, type FunnelDefinition } from '../event-store/funnel-definition.js';
import type { JourneyEvent, JourneyPlace, UserQuestion, UserSummary } from '../event-store/user-questions.js';
import { type Filter, propertiesOf } from '../filters/filter.js';
import { PostgresqlEventStore } from '../postgresql-store/postgresql-event-store.js';
import { oneInOf, type Sampling } from '../sampling/sample.js';

/** How long what is known of ClickHouse is taken for true. */
const KNOWN_MS = 1_000;
const MAX_KNOWN = 1_000;
/** After it failed to answer, it is not asked for so long. */
const AWAY_MS = 5_000;

/**
 * Asks ClickHouse where it is configured, reachable and not too late, and has the properties that are asked about; else
 * PostgreSQL, which alone knows samples. What PostgreSQL need not read many events for, it is always asked: one user's
 * events have an index, and retention without a filter the days of the users. Each answer says who gave it.
 */
@Injectable()
export class EventEngines implements EventStore {
  private readonly warning = new RareWarning(new Logger(EventEngines.name));
  private readonly maxLagMs: number;
  /** By tenant: what waits to be sent is not the same for all. */
  private readonly known = new LRUCache<string, Promise<number | undefined>>({ max: MAX_KNOWN, ttl: KNOWN_MS });
  private awayUntil = 0;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly clickhouse: ClickHouse,
    private readonly database: Database,
    private readonly copy: ClickHouseEventStore,
    private readonly events: PostgresqlEventStore,
  ) {
    this.maxLagMs = config.CLICKHOUSE_MAX_LAG_SECONDS * 1_000;
  }

  listTopValues(tenantId: string, range: TimeRange, question: BreakdownQuestion): Promise<TopValues> {
    const names = [question.property, ...propertiesOf(question.filter)];
    return this.ask(tenantId, question, names, (store) => store.listTopValues(tenantId, range, question));
  }

  count(tenantId: string, range: TimeRange, question: CountQuestion): Promise<CountedGroups> {
    const names = [...question.breakdown, ...propertiesOf(question.filter)];
    return this.ask(tenantId, question, names, (store) => store.count(tenantId, range, question));
  }

  readOverview(tenantId: string, range: TimeRange, question: OverviewQuestion): Promise<EventsOverview> {
    const names = propertiesOf(question.filter);
    return this.ask(tenantId, question, names, (store) => store.readOverview(tenantId, range, question));
  }

  listRetained(
    tenantId: string,
    bounds: readonly number[],
    filter: Filter | undefined,
    sampling?: Sampling,
  ): Promise<Retained> {
    const question = (store: EventCounts) => store.listRetained(tenantId, bounds, filter, sampling);
    if (filter === undefined) return this.askPostgresql(question);
    return this.ask(tenantId, { sampling }, propertiesOf(filter), question);
  }

  countFunnel(
    tenantId: string,
    range: TimeRange,
    definition: FunnelDefinition,
    sampling?: Sampling,
  ): Promise<FunnelCounts> {
    const { steps, group_by: group } = definition;
    const names = [
      ...steps.flatMap((step) => propertiesOf(conditionOf(step))),
      ...(group === undefined ? [] : [group]),
    ];
    return this.ask(tenantId, { sampling }, names, (store) => store.countFunnel(tenantId, range, definition, sampling));
  }

  describeUser(tenantId: string, question: UserQuestion): Promise<UserSummary> {
    return this.askPostgresql((store) => store.describeUser(tenantId, question));
  }

  listJourney(tenantId: string, question: UserQuestion, limit: number, after?: JourneyPlace): Promise<JourneyEvent[]> {
    return this.askPostgresql((store) => store.listJourney(tenantId, question, limit, after));
  }

  listUnseen(
    tenantId: string,
    range: TimeRange,
    properties: readonly string[],
    types: readonly string[] | null,
  ): Promise<string[]> {
    return this.ask(tenantId, {}, properties, (store) => store.listUnseen(tenantId, range, properties, types));
  }

  /** @throws Problem 503 for a question that takes too long */
  private async ask<T>(
    tenantId: string,
    { sampling = 'never' }: MaySample,
    properties: readonly string[],
    question: (store: EventCounts) => Promise<T>,
  ): Promise<T> {
    if (!this.clickhouse.isConfigured) return this.askPostgresql(question);
    const isInCopy = oneInOf(sampling) === null && properties.every(isInColumn);
    const asOf = isInCopy ? await this.asOf(tenantId) : undefined;
    if (asOf !== undefined) {
      try {
        const answer = await question(this.copy);
        noteAsOf(asOf);
        noteEngine('clickhouse');
        return answer;
      } catch (error) {
        if (isOverLimit(error)) throw tooLarge();
        this.leave(error as Error);
      }
    }
    return this.askPostgresql(question);
  }

  private askPostgresql<T>(question: (store: EventStore) => Promise<T>): Promise<T> {
    if (this.clickhouse.isConfigured) noteEngine('postgresql');
    return question(this.events);
  }

  /** Until when ClickHouse has everything; undefined where it should not be asked. */
  private async asOf(tenantId: string): Promise<number | undefined> {
    if (Date.now() < this.awayUntil) return undefined;
    const known = this.known.get(tenantId);
    if (known !== undefined) return known;
    const asOf = this.readAsOf(tenantId);
    this.known.set(tenantId, asOf);
    return asOf;
  }

  private async readAsOf(tenantId: string): Promise<number | undefined> {
    const state = await this.database.readInTenant(tenantId, readFeedState);
    if (state === null || !state.isComplete) return undefined;
    const asOf = state.asOf.getTime();
    if (Date.now() - asOf <= this.maxLagMs) return asOf;
    this.warning.warn(`ClickHouse lacks what was counted since ${state.asOf.toISOString()}; PostgreSQL answers`);
    return undefined;
  }

  private leave(error: Error): void {
    this.warning.warn(`ClickHouse gave no answer, PostgreSQL does: ${error.message}`);
    this.awayUntil = Date.now() + AWAY_MS;
  }
}

const tooLarge = () =>
  new Problem(
    503,
    'The question took too long or too much memory in ClickHouse and was stopped. Ask for a shorter time range.',
    {
      retryAfterSeconds: 5,
    },
  );
