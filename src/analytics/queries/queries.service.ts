import { Injectable } from '@nestjs/common';
import { invalidBody } from '../../platform/http/body/body-validator.js';
import { badRequest } from '../../platform/http/problem.js';
import { toTimeRange } from '../../platform/http/query.dto.js';
import { rangeOf } from '../../platform/http/range.dto.js';
import { isTimeZone } from '../../platform/time/time-zone.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import { type CountedGroup, type CountQuestion, EventStore } from '../event-store/event-store.js';
import { UnseenProperties } from '../event-store/unseen-properties.js';
import { type Filter } from '../filters/filter.js';
import { SegmentFilters } from '../segments/segment-filters.js';
import { requireProperties } from '../properties/event-property.js';
import { requireBuckets } from '../time/buckets.js';
import type { AnalyticsQueryDto, AnalyticsQueryResponse, QueryRow } from './queries.dto.js';

/** Groups × buckets of one answer. */
const MAX_POINTS = 100_000;
const DEFAULT_GROUPS = 100;
/** Members of a row that are no property. */
const OWN_MEMBERS = ['bucket', 'value', 'standard_error'];

@Injectable()
export class QueriesService {
  constructor(
    private readonly events: EventStore,
    private readonly unseen: UnseenProperties,
    private readonly segments: SegmentFilters,
  ) {}

  async query(tenantId: string, query: AnalyticsQueryDto): Promise<AnalyticsQueryResponse> {
    const { measure, interval, tz, breakdown = [], sampling } = query;
    requireBreakdown(breakdown);
    if (!isTimeZone(tz))
      throw invalidBody([{ path: 'tz', message: 'must be an IANA time zone, like America/Chicago' }]);
    const range = toTimeRange(query);
    const filter = await this.segments.filterOf(tenantId, query);
    const startsOf = (of: TimeRange) => (interval === undefined ? null : requireBuckets(of, interval, tz));
    const starts = startsOf(range);
    const limit = limitOf(query, starts?.length ?? 1);
    const question = { measure, filter, breakdown, starts, limit, sampling };
    const asOf = toIso(Date.now()); // of the primary; a replica says its own
    const { groups, data, sample } = await this.events.count(tenantId, range, question);
    return {
      ...{ ...rangeOf(range), measure, interval: interval ?? null, tz },
      data: toRows(question, data),
      distinct_groups: groups,
      ...(query.compare === undefined
        ? {}
        : { previous: await this.queryPrevious(tenantId, range, question, data, startsOf) }),
      ...(sample === undefined ? { method: 'exact' as const } : { method: 'sample' as const, sample }),
      ...{ engine: 'postgresql' as const, as_of: asOf },
      ...(data.length === 0 ? await this.describeUnseen(tenantId, range, filter, breakdown) : {}),
    };
  }

  private async queryPrevious(
    tenantId: string,
    { from, to }: TimeRange,
    question: CountQuestion,
    data: readonly CountedGroup[],
    startsOf: (range: TimeRange) => number[] | null,
  ) {
    const range = { from: from - (to - from), to: from };
    const groups = question.breakdown.length === 0 ? [[]] : data.map(({ group }) => group);
    const previous = { ...question, starts: startsOf(range), groups };
    const counted = await this.events.count(tenantId, range, previous);
    const { data: rows, sample } = counted;
    return { ...rangeOf(range), data: toRows(previous, rows), ...(sample === undefined ? {} : { sample }) };
  }

  /** A group that lacks its property is no empty answer, so only those of a filter can be why there is none. */
  private describeUnseen(tenantId: string, range: TimeRange, filter: Filter | undefined, breakdown: readonly string[]) {
    const asked: Filter = { and: breakdown.map((property) => ({ property, op: 'is_set' })) };
    return this.unseen.describe(tenantId, range, filter === undefined ? asked : { and: [filter, asked] });
  }
}

/** @throws Problem 400 */
function requireBreakdown(breakdown: readonly string[]): void {
  requireProperties(breakdown, 'breakdown');
  const taken = OWN_MEMBERS.find((name) => breakdown.includes(name));
  if (taken === undefined) return;
  throw invalidBody([{ path: 'breakdown', message: `has ${taken}, a member of each row; write payload.${taken}` }]);
}

/** @throws Problem 400 when there would be too many rows */
function limitOf({ breakdown = [], limit }: AnalyticsQueryDto, buckets: number): number {
  if (breakdown.length === 0) return 1;
  const most = Math.floor(MAX_POINTS / buckets);
  if (limit === undefined) return Math.min(DEFAULT_GROUPS, most);
  if (limit <= most) return limit;
  throw badRequest(
    `${limit} groups of ${buckets} buckets are more than ${MAX_POINTS} rows. Ask for a longer interval, a shorter range or fewer groups.`,
    [{ path: 'limit', message: `must be at most ${most} with this interval` }],
  );
}

/** Every bucket of every group. Without a breakdown there is one group, were it without events. */
function toRows({ breakdown, starts }: CountQuestion, data: readonly CountedGroup[]): QueryRow[] {
  const groups = data.length === 0 && breakdown.length === 0 ? [{ group: [], value: 0, buckets: [] }] : data;
  return groups.flatMap(({ group, buckets, ...value }: CountedGroup) => {
    const named = Object.fromEntries(breakdown.map((name, n) => [name, group[n] ?? null]));
    if (starts === null) return [{ ...named, ...value }];
    const counts = new Map(buckets.map(({ n, ...bucket }) => [n, bucket]));
    const none = 'standard_error' in value ? { value: 0, standard_error: null } : { value: 0 };
    return starts.map((start, n) => ({ ...named, bucket: toIso(start), ...(counts.get(n + 1) ?? none) }));
  });
}
