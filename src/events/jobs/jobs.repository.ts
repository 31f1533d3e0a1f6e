import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { keyOf, Lease, type Leased } from '../../platform/database/lease.js';
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
export interface ClaimedJob extends Leased {
  total: number;
  done: number;
  rejected: number;
  parameters: SampleParameters;
}

const LEASE = new Lease({ table: 'jobs', waiting: 'waiting', active: 'active', order: 'created_at, id', seconds: 15 });
const MAX_ATTEMPTS = 5;

const CLAIM = LEASE.claim(
  'jobs.claim',
  'held.total, held.done, held.rejected, held.parameters',
  '($2::uuid is null or id = $2)',
);

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

  /** Notes how far it is and shows that its worker lives. @returns false when another worker has it by now */
  async advance(job: ClaimedJob): Promise<boolean> {
    const { rowCount } = await this.database.system.query(
      `/* jobs.advance */ update jobs
       set attempts = case when done < $4 then 0 else attempts end, done = $4, rejected = $5, leased_until = ${LEASE.end}
       where ${LEASE.isHeld}`,
      [...keyOf(job), job.done, job.rejected],
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

  async complete(job: ClaimedJob): Promise<void> {
    await this.database.system.query(
      `/* jobs.complete */ update jobs
       set state = 'completed', error = null, finished_at = now(), claimed_by = null, leased_until = null
       where ${LEASE.isHeld}`,
      keyOf(job),
    );
  }

  /** Gives it back: the next worker that looks takes it up. */
  async release(job: ClaimedJob): Promise<void> {
    await this.database.system.query(
      `/* jobs.release */ update jobs set state = 'waiting', claimed_by = null, leased_until = null where ${LEASE.isHeld}`,
      keyOf(job),
    );
  }

  /** Puts the next try off: 2 s, 4 s, 8 s …; the fifth failure in a row without progress is the last. */
  async recordFailure(job: ClaimedJob, error: string): Promise<void> {
    await this.database.system.query(
      `/* jobs.recordFailure */ update jobs
       set attempts = attempts + 1, error = $4, claimed_by = null,
         state = case when attempts + 1 >= ${MAX_ATTEMPTS} then 'failed' else 'waiting' end,
         finished_at = case when attempts + 1 >= ${MAX_ATTEMPTS} then now() end,
         leased_until = clock_timestamp() + interval '1 second' * 2 ^ least(attempts + 1, 6)
       where ${LEASE.isHeld}`,
      [...keyOf(job), error],
    );
  }
}
