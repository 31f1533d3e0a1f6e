import type { TimeRange } from '../../platform/time/time.js';
import type { Filter } from '../filters/filter.js';
import type { Estimate, Sampled, Sampling } from '../sampling/sample.js';
import type { FunnelCounts, FunnelDefinition } from './funnel-definition.js';
import type { JourneyEvent, JourneyPlace, UserQuestion, UserSummary } from './user-questions.js';

/** Of a question that all events may be too many for. */
export interface MaySample {
  /** `never` without it. */
  sampling?: Sampling;
}

/** The most frequent values of one property. */
export interface BreakdownQuestion extends MaySample {
  property: string;
  filter: Filter | undefined;
  limit: number;
}

export interface TopValues extends Sampled, Estimate {
  /** Events that have the property. */
  total: number;
  distinct_values: number;
  data: ({ value: unknown; count: number } & Estimate)[];
}

/** How many events, or distinct users or sessions of them, by properties and over time. */
export interface CountQuestion extends MaySample {
  measure: 'events' | 'users' | 'sessions';
  filter: Filter | undefined;
  /** Properties by which is grouped. */
  breakdown: readonly string[];
  /** Of the buckets; null for none. */
  starts: readonly number[] | null;
  limit: number;
  /** These groups, in this order, instead of the first `limit`. */
  groups?: readonly Group[];
}

/** The values of the properties, null for none. */
export type Group = readonly unknown[];

export interface CountedGroup extends Estimate {
  group: Group;
  value: number;
  /** Of each bucket that has some, 1 for the first, in any order. */
  buckets: ({ n: number; value: number } & Estimate)[];
}

export interface CountedGroups extends Sampled {
  /** How many there are, also beyond the limit. */
  groups: number;
  data: CountedGroup[];
}

/** What the dashboard shows of the events that fit a filter. */
export interface OverviewQuestion extends MaySample {
  /** Of the buckets of the trend. */
  starts: readonly number[];
  filter: Filter;
  /** Of the busiest users. */
  limit: number;
}

export interface EventsOverview extends Sampled {
  byType: ({ event_type: string; count: number } & Estimate)[];
  /** 1 for the first bucket. */
  trend: ({ n: number; count: number } & Estimate)[];
  /** Of the number of events. */
  total: Estimate;
  users: number;
  /** Of `users`. */
  usersEstimate: Estimate;
  /** null where a sample does not tell. */
  sessions: number | null;
  /** Events that have a user. */
  userEvents: number;
  /** null where a sample does not tell. */
  top: { user_id: string; count: number }[] | null;
}

export interface RetainedUsers extends Estimate {
  /** 1 for the first time window. */
  cohort: number;
  period: number;
  users: number;
}

export interface Retained extends Sampled {
  data: RetainedUsers[];
}

/** What reads many events, whichever engine does. */
export type EventCounts = Omit<EventStore, 'describeUser' | 'listJourney'>;

/**
 * What is asked of the events themselves, because no count that is kept knows it. Every answer is about the events of
 * one tenant that analytics count. What is asked is checked before: filters by requireFilter, names by
 * requireProperties.
 */
export abstract class EventStore {
  abstract listTopValues(tenantId: string, range: TimeRange, question: BreakdownQuestion): Promise<TopValues>;

  abstract count(tenantId: string, range: TimeRange, question: CountQuestion): Promise<CountedGroups>;

  abstract readOverview(tenantId: string, range: TimeRange, question: OverviewQuestion): Promise<EventsOverview>;

  /**
   * Number of users per time window of their first event and time window in which they were active; with a filter as if
   * there were no other events.
   *
   * @param bounds one more than there are time windows
   */
  abstract listRetained(
    tenantId: string,
    bounds: readonly number[],
    filter: Filter | undefined,
    sampling?: Sampling,
  ): Promise<Retained>;

  abstract countFunnel(
    tenantId: string,
    range: TimeRange,
    definition: FunnelDefinition,
    sampling?: Sampling,
  ): Promise<FunnelCounts>;

  abstract describeUser(tenantId: string, question: UserQuestion): Promise<UserSummary>;

  /** Oldest first, from after `after` on. */
  abstract listJourney(
    tenantId: string,
    question: UserQuestion,
    limit: number,
    after?: JourneyPlace,
  ): Promise<JourneyEvent[]>;

  /**
   * Those of the properties that no event of the range has, of some types if given. Reads up to all events of the
   * range, so it is asked only where an answer is empty.
   */
  abstract listUnseen(
    tenantId: string,
    range: TimeRange,
    properties: readonly string[],
    types: readonly string[] | null,
  ): Promise<string[]>;
}
