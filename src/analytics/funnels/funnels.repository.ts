import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { toIso } from '../../platform/http/query.dto.js';
import type { TimeRange } from '../../platform/time/time.js';
import { countFunnel } from './funnel-matcher.js';
import { listTimelines } from './funnel-timelines.repository.js';
import { funnelSql } from './funnel-sql.js';
import { startOfBucket } from '../time/granularities.js';

export type Scalar = string | number | boolean | null;

export interface FunnelStep {
  event_type: string;
  where?: Record<string, Scalar>;
}

export interface FunnelDefinition {
  steps: FunnelStep[];
  window_s: number;
  group_by?: string;
}

export interface ReachedStep {
  label: string | null;
  /** 1 for the first step. */
  k: number;
  users: number;
  median_s: number | null;
}

/**
 * Up to this many events (50 MB to transfer) a funnel is counted here; more are counted in the database, which can use
 * the disk.
 */
const MAX_TIMELINE_EVENTS = 3_000_000;

const COUNT_TIMELINE_EVENTS = `/* funnels.countTimelineEvents */
select coalesce(sum(count), 0)::float8 as count from event_rollups_day
where tenant_id = $1 and bucket >= ${startOfBucket('day', '$2')} and bucket < $3
  and event_type = any($4::text[])`;

@Injectable()
export class FunnelsRepository {
  /** Tests lower it to use both ways with little data. */
  maxTimelineEvents = MAX_TIMELINE_EVENTS;

  /** Whether the steps have at most that many events, by the rollups. */
  async hasFewEvents(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    { steps }: FunnelDefinition,
    max: number,
  ): Promise<boolean> {
    const parameters = [tenantId, toIso(range.from), toIso(range.to), typesOf(steps)];
    const { rows } = await sql.query<{ count: number }>(COUNT_TIMELINE_EVENTS, parameters);
    return (rows[0]?.count ?? 0) <= max;
  }

  /**
   * How many users reached each step, only of `users` if given. Conditions on the payload are checked in the database;
   * without any, all that matters is in one index, and following each user's events here takes a fraction of the time
   * of sorting them there.
   */
  async countSteps(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    definition: FunnelDefinition,
    users: readonly string[] | null = null,
  ): Promise<ReachedStep[]> {
    const { steps, window_s } = definition;
    const plain = steps.every(({ where }) => where === undefined || Object.keys(where).length === 0);
    if (
      !plain ||
      (users === null && !(await this.hasFewEvents(sql, tenantId, range, definition, this.maxTimelineEvents)))
    ) {
      return this.count(sql, tenantId, range, { steps, window_s }, users);
    }
    const types = typesOf(steps);
    const timelines = listTimelines(sql, tenantId, range, types, users);
    const places = steps.map(({ event_type }) => types.indexOf(event_type));
    const reached = await countFunnel(timelines, types.length, places, window_s);
    return reached.map((step) => ({ label: null, ...step }));
  }

  /** How many users reached each step, per value of `group_by`. */
  countGroups(sql: Sql, tenantId: string, range: TimeRange, definition: FunnelDefinition): Promise<ReachedStep[]> {
    return this.count(sql, tenantId, range, definition, null);
  }

  private async count(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    { steps, window_s, group_by }: FunnelDefinition,
    users: readonly string[] | null,
  ): Promise<ReachedStep[]> {
    const grouped = group_by === undefined ? null : group_by === 'client_id' ? 'client_id' : 'property';
    const where = steps.map((step) => step.where !== undefined && Object.keys(step.where).length > 0);
    // Many users are sorted and hashed: without enough memory, all of them go to disk and back.
    await sql.query(`set local work_mem = '64MB'`);
    const { rows } = await sql.query<ReachedStep>(funnelSql({ where, grouped, sampled: users !== null }), [
      tenantId,
      toIso(range.from),
      toIso(range.to),
      window_s,
      users,
      grouped === 'property' ? group_by : null,
      ...steps.flatMap((step, n) => [step.event_type, where[n] === true ? JSON.stringify(step.where) : null]),
    ]);
    return rows;
  }
}

const typesOf = (steps: readonly FunnelStep[]) => [...new Set(steps.map(({ event_type }) => event_type))];
