import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { JobState } from './jobs.dto.js';
import { uncountedUntil } from '../../analytics/rollups/counted-events-sql.js';

export interface SampleParameters {
  seed: number;
  /** End of the time window, RFC 3339. */
  until: string;
  days: number;
}

export interface NewJob {
  tenantId: string;
  id: string;
  total: number;
  parameters: SampleParameters;
  clientId: string;
  keyId: string | null;
}

export interface JobRow {
  id: string;
  name: string;
  state: JobState;
  total: number;
  done: number;
  rejected: number;
  error: string | null;
  parameters: SampleParameters;
}

/** A job that this worker holds. */
export interface ClaimedJob {
  tenantId: string;
  id: string;
  /** Identifies this claim; a later claim has another. */
  claim: string;
  total: number;
  done: number;
  rejected: number;
  parameters: SampleParameters;
}

/** A worker that does not renew its lease for this long loses its job to the next. Repeating a step changes nothing. */
const LEASE = `clock_timestamp() + interval '15 seconds'`;
const MAX_ATTEMPTS = 5;

const CLAIM = `/* jobs.claim */
update jobs j
set state = 'active', claimed_by = $1, leased_until = ${LEASE}, started_at = coalesce(j.started_at, now())
from (select tenant_id, id from jobs
      where state in ('waiting', 'active') and ($2::uuid is null or id = $2)
        and (leased_until is null or leased_until < clock_timestamp())
      order by created_at, id limit 1 for update skip locked) next
where j.tenant_id = next.tenant_id and j.id = next.id
returning j.tenant_id as "tenantId", j.id, j.claimed_by as claim, j.total, j.done, j.rejected, j.parameters`;

const HELD = `tenant_id = $1 and id = $2 and claimed_by = $3 and state = 'active'`;

@Injectable()
export class JobsRepository {
  constructor(private readonly database: Database) {}

  /** @returns false when the tenant has `maxUnfinished` unfinished jobs already */
  insert(job: NewJob, maxUnfinished: number): Promise<boolean> {
    return this.database.inTenant(job.tenantId, async (sql) => {
      const { rowCount } = await sql.query(
        `/* jobs.insert */ insert into jobs (tenant_id, id, name, parameters, total, client_id, key_id)
         select $1, $2, 'generate-sample-data', $3::jsonb, $4, $5, $6
         where (select count(*) from jobs where tenant_id = $1 and state in ('waiting', 'active')) < $7`,
        [job.tenantId, job.id, JSON.stringify(job.parameters), job.total, job.clientId, job.keyId, maxUnfinished],
      );
      return rowCount === 1;
    });
  }

  find(tenantId: string, id: string): Promise<JobRow | null> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<JobRow>(
        `/* jobs.find */ select id, name, state, total, done, rejected, error, parameters
         from jobs where tenant_id = $1 and id = $2`,
        [tenantId, id],
      );
      return rows[0] ?? null;
    });
  }

  /** Takes the job `id`, or the oldest, unless it is finished or another worker has it. */
  async claim(claim: string, id: string | null): Promise<ClaimedJob | null> {
    const { rows } = await this.database.system.query<ClaimedJob>(CLAIM, [claim, id]);
    return rows[0] ?? null;
  }

  /** Records the progress and renews the lease. @returns false when another worker has it by now */
  async advance({ tenantId, id, claim, done, rejected }: ClaimedJob): Promise<boolean> {
    const { rowCount } = await this.database.system.query(
      `/* jobs.advance */ update jobs
       set attempts = case when done < $4 then 0 else attempts end, done = $4, rejected = $5, leased_until = ${LEASE}
       where ${HELD}`,
      [tenantId, id, claim, done, rejected],
    );
    return rowCount === 1;
  }

  /** Tenants whose batches from before `time` are not all counted yet must wait. */
  async hasUncounted(tenantId: string, time: Date): Promise<boolean> {
    const { rows } = await this.database.system.query(`/* jobs.hasUncounted */ ${uncountedUntil('$2')}`, [
      tenantId,
      time,
    ]);
    return rows.length > 0;
  }

  async complete({ tenantId, id, claim }: ClaimedJob): Promise<void> {
    await this.database.system.query(
      `/* jobs.complete */ update jobs
       set state = 'completed', error = null, finished_at = now(), claimed_by = null, leased_until = null
       where ${HELD}`,
      [tenantId, id, claim],
    );
  }

  /** Gives it back: the next worker that looks claims it. */
  async release({ tenantId, id, claim }: ClaimedJob): Promise<void> {
    await this.database.system.query(
      `/* jobs.release */ update jobs set state = 'waiting', claimed_by = null, leased_until = null where ${HELD}`,
      [tenantId, id, claim],
    );
  }

  /** Delays the next try: 2 s, 4 s, 8 s …; the fifth failure in a row without progress is the last. */
  async recordFailure({ tenantId, id, claim }: ClaimedJob, error: string): Promise<void> {
    await this.database.system.query(
      `/* jobs.recordFailure */ update jobs
       set attempts = attempts + 1, error = $4, claimed_by = null,
         state = case when attempts + 1 >= ${MAX_ATTEMPTS} then 'failed' else 'waiting' end,
         finished_at = case when attempts + 1 >= ${MAX_ATTEMPTS} then now() end,
         leased_until = clock_timestamp() + interval '1 second' * 2 ^ least(attempts + 1, 6)
       where ${HELD}`,
      [tenantId, id, claim, error],
    );
  }
}
