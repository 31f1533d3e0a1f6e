import { Injectable } from '@nestjs/common';
import { decodeValue, encodeValue } from '../../platform/clickhouse/property-encoding.js';
import type { TimeRange } from '../../platform/time/time.js';
import type {
  BreakdownQuestion,
  CountedGroup,
  CountedGroups,
  CountQuestion,
  EventsOverview,
  EventCounts,
  OverviewQuestion,
  Retained,
  RetainedUsers,
  TopValues,
} from '../event-store/event-store.js';
import type { FunnelCounts, FunnelDefinition, ReachedStep } from '../event-store/funnel-definition.js';
import type { Filter } from '../filters/filter.js';
import {
  countsSql,
  type GroupRow,
  overviewCountsSql,
  overviewSubjectsSql,
  retentionSql,
  seenSql,
  topUsersSql,
  topValuesSql,
  type ValueRow,
} from './counts-sql.js';

import { funnelSql } from './funnel-sql.js';
import { TenantStatements } from './tenant-statements.js';
import { micros } from './time-sql.js';

type FunnelRow = Omit<ReachedStep, 'median_s'> & { median_us: number | null };

/** Answers from the copy of the events in ClickHouse, with all cores of it, as of what has been sent there. */
@Injectable()
export class ClickHouseEventStore implements EventCounts {
  constructor(private readonly statements: TenantStatements) {}

  async listTopValues(tenantId: string, range: TimeRange, question: BreakdownQuestion): Promise<TopValues> {
    const rows = await this.statements.ask<ValueRow>(tenantId, (events) => topValuesSql(events, range, question));
    return {
      total: rows[0]?.total ?? 0,
      distinct_values: rows[0]?.distinct_values ?? 0,
      data: rows.map(({ value, count }) => ({ value: decodeValue(value), count })),
    };
  }

  async count(tenantId: string, range: TimeRange, question: CountQuestion): Promise<CountedGroups> {
    const rows = await this.statements.ask<GroupRow>(tenantId, (events) => countsSql(events, range, question));
    const place = placesOf(question.starts ?? []);
    const found = rows.map(({ group, total, buckets }) => ({
      group: group.map(decodeValue),
      value: total,
      buckets: buckets.map(([start, value]) => ({ n: place(start), value })),
    }));
    if (question.groups === undefined) return { groups: rows[0]?.groups ?? 0, data: found };
    return { groups: 0, data: question.groups.map((group) => groupOf(group, found)) };
  }

  async readOverview(tenantId: string, range: TimeRange, question: OverviewQuestion): Promise<EventsOverview> {
    const [counts, [subjects], top] = await Promise.all([
      this.statements.ask<{ event_type: string; start: number; count: number }>(tenantId, (events) =>
        overviewCountsSql(events, range, question),
      ),
      this.statements.ask<{ users: number; sessions: number; user_events: number }>(tenantId, (events) =>
        overviewSubjectsSql(events, range, question),
      ),
      this.statements.ask<NonNullable<EventsOverview['top']>[number]>(tenantId, (events) =>
        topUsersSql(events, range, question),
      ),
    ]);
    const place = placesOf(question.starts);
    return {
      byType: sumBy(counts, ({ event_type }) => event_type)
        .map(([event_type, count]) => ({ event_type, count }))
        .sort((a, b) => b.count - a.count || Buffer.compare(Buffer.from(a.event_type), Buffer.from(b.event_type))),
      trend: sumBy(counts, ({ start }) => place(start)).map(([n, count]) => ({ n, count })),
      total: {},
      users: subjects?.users ?? 0,
      usersEstimate: {},
      sessions: subjects?.sessions ?? 0,
      userEvents: subjects?.user_events ?? 0,
      top,
    };
  }

  async listRetained(tenantId: string, bounds: readonly number[], filter: Filter): Promise<Retained> {
    const rows = await this.statements.ask<RetainedUsers>(tenantId, (events) => retentionSql(events, bounds, filter));
    const place = placesOf(bounds);
    return { data: rows.map(({ cohort, period, users }) => ({ cohort: place(cohort), period: place(period), users })) };
  }

  async countFunnel(tenantId: string, range: TimeRange, definition: FunnelDefinition): Promise<FunnelCounts> {
    const count = async (grouped: boolean) => {
      const rows = await this.statements.ask<FunnelRow>(tenantId, (events) =>
        funnelSql(events, range, definition, grouped),
      );
      return rows.map(({ median_us: median, ...row }) => ({
        ...row,
        median_s: median === null || row.k === 1 ? null : median / 1e6,
      }));
    };
    if (definition.group_by === undefined) return { steps: await count(false) };
    const [steps, groups] = await Promise.all([count(false), count(true)]);
    return { steps, groups };
  }

  async listUnseen(
    tenantId: string,
    range: TimeRange,
    properties: readonly string[],
    types: readonly string[] | null,
  ): Promise<string[]> {
    const names = [...new Set(properties)];
    if (names.length === 0) return [];
    const [row] = await this.statements.ask<{ seen: number[] }>(tenantId, (events) =>
      seenSql(events, range, names, types),
    );
    return names.filter((_, n) => row?.seen[n] !== 1);
  }
}

/** From where a time window begins to its number, 1 for the first; 0 before it. */
function placesOf(starts: readonly number[]): (start: number) => number {
  const places = new Map(starts.map((start, n) => [micros(start), n + 1]));
  return (start) => places.get(start) ?? 0;
}

function groupOf(wanted: readonly unknown[], found: readonly CountedGroup[]): CountedGroup {
  const values = wanted.map(encodeValue);
  const same = found.find(({ group }) => group.every((value, n) => encodeValue(value) === values[n]));
  return same ?? { group: wanted, value: 0, buckets: [] };
}

function sumBy<Row extends { count: number }, Key>(rows: readonly Row[], keyOf: (row: Row) => Key): [Key, number][] {
  const sums = new Map<Key, number>();
  for (const row of rows) sums.set(keyOf(row), (sums.get(keyOf(row)) ?? 0) + row.count);
  return [...sums];
}
