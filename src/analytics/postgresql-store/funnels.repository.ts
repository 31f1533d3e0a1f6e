import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import { Parameters } from '../../platform/database/sql-parameters.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import { conditionOf, type FunnelDefinition, type ReachedStep, typesOf } from '../event-store/funnel-definition.js';
import { filterSqlFor } from '../filters/filter-sql.js';
import { countEventVolume } from '../sampling/event-volume-sql.js';
import type { Effort } from '../sampling/sample.js';
import { isOfSampledUser, limitTime } from '../sampling/sample-sql.js';
import { countFunnel } from './funnel-matcher.js';
import { listTimelines } from './funnel-timelines.repository.js';
import { funnelSql } from './funnel-sql.js';

/**
 * Up to this many events (50 MB to transfer) a funnel is counted here; more are counted in the database, which can use
 * the disk.
 */
const MAX_TIMELINE_EVENTS = 3_000_000;

/** Of whom a funnel is counted. */
export interface FunnelChoice extends Effort {
  /** These users only. */
  users?: readonly string[] | null;
}

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
    return (await countEventVolume(sql, tenantId, range, typesOf(steps))) <= max;
  }

  /**
   * How many users reached each step, for each value of `group_by` if there is one; of a sample not scaled up. Groups
   * and conditions on the payload need the database; without any, all that matters is in one index, and following each
   * user's events here takes a fraction of the time of sorting them there.
   */
  async countSteps(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    definition: FunnelDefinition,
    choice: FunnelChoice = {},
  ): Promise<ReachedStep[]> {
    await limitTime(sql, choice);
    const { steps, window_s, group_by: group } = definition;
    const { users = null, sample } = choice;
    const isWhole = sample === undefined && group === undefined;
    const plain = isWhole && steps.every((step) => conditionOf(step) === undefined);
    if (
      !plain ||
      (users === null && !(await this.hasFewEvents(sql, tenantId, range, definition, this.maxTimelineEvents)))
    ) {
      return this.count(sql, tenantId, range, definition, choice);
    }
    const types = typesOf(steps);
    const timelines = listTimelines(sql, tenantId, range, types, users);
    const places = steps.map(({ event_type }) => types.indexOf(event_type));
    const reached = await countFunnel(timelines, types.length, places, window_s);
    return reached.map((step) => ({ label: null, ...step }));
  }

  private async count(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    { steps, window_s, group_by }: FunnelDefinition,
    { users = null, sample }: FunnelChoice,
  ): Promise<ReachedStep[]> {
    const parameters = new Parameters();
    for (const value of [tenantId, toIso(range.from), toIso(range.to), window_s, users]) parameters.add(value);
    const named = group_by === undefined ? [] : [group_by];
    const filters = await filterSqlFor(sql, tenantId, parameters, steps.map(conditionOf), named);
    const conditions = steps.map(
      (step) => `e.event_type = ${parameters.add(step.event_type)} and ${filters.condition(conditionOf(step))}`,
    );
    const group = group_by === undefined ? null : filters.property.text(group_by);
    // Many users are sorted and hashed: without enough memory, all of them go to disk and back.
    await sql.query(`set local work_mem = '64MB'`);
    const sampled = isOfSampledUser(sample, range, parameters);
    const statement = funnelSql({ steps: conditions, group, chosen: users !== null, sampled });
    return (await sql.query<ReachedStep>(statement, parameters.values)).rows;
  }
}
