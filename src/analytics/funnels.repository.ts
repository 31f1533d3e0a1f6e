import { Injectable } from '@nestjs/common';
import type { Sql } from '../platform/database.js';
import { toIso } from '../platform/query.dto.js';
import type { TimeRange } from '../platform/time.js';
import { funnelSql } from './funnel-sql.js';

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

@Injectable()
export class FunnelsRepository {
  /** How many users got how far, per label. Of `users` only, if given. */
  async count(
    sql: Sql,
    tenantId: string,
    range: TimeRange,
    { steps, window_s, group_by }: FunnelDefinition,
    users: readonly string[] | null = null,
  ): Promise<ReachedStep[]> {
    const grouped = group_by === undefined ? null : group_by === 'client_id' ? 'client_id' : 'property';
    const where = steps.map((step) => step.where !== undefined && Object.keys(step.where).length > 0);
    // Many users are sorted and hashed: without memory for it all of them go to disk and back.
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
