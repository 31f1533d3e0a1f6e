import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Lease } from '../../platform/database/lease.js';
import { uuid7 } from '../../platform/database/uuid7.js';

export const RUN_STATES = ['queued', 'running', 'completed', 'failed'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** What a run has removed from a table. */
export interface Removed {
  table: string;
  /** Null: of all tenants. */
  tenant_id: string | null;
  rows: number;
  /** Of the rows, or of a whole partition with its indexes. */
  bytes: number;
}

export interface TaskRun {
  id: string;
  task: string;
  due: Date;
  state: RunState;
  attempts: number;
  started_at: Date | null;
  finished_at: Date | null;
  rows: number;
  bytes: number;
  removed: Removed[];
  holds: number;
  error: string | null;
}

/** How the runs of a task went lately. */
export interface RunSummary {
  task: string;
  /** Of the newest run that was made, whatever became of it. */
  lastDue: Date;
  /** When one last ended well, in seconds since 1970; null: none that is still listed. */
  endedAt: number | null;
  /** Failed tries since then. */
  failures: number;
  /** Since the oldest run after it was made, unless a worker is doing it; null: there is none. */
  waitingSeconds: number | null;
}

/** A run that this worker has. */
export interface ClaimedRun {
  task: string;
  id: string;
  due: Date;
  /** What whoever had it before has removed. */
  removed: Removed[];
  /** Stands for this claim; whoever claims after it has another. */
  claim: string;
}

const LEASE = new Lease({
  table: 'task_runs',
  owner: { column: 'task', as: 'task' },
  waiting: 'queued',
  active: 'running',
  order: 'due, task',
  seconds: 30,
});
/** Several times within the lease: a step may take longer than it. */
export const RENEW_MS = 10_000;
const MAX_ATTEMPTS = 5;

const COLUMNS = `id, task, due, state, attempts, started_at, finished_at, rows::float8 as rows, bytes::float8 as bytes,
  removed, holds, error`;

/** Two runs of a task at a time would only be in each other's way. */
const NO_OTHER_RUNS = (task: string, id: string) => `not exists (
  select from task_runs other where other.task = ${task} and other.id <> ${id} and other.state = 'running'
    and other.leased_until > clock_timestamp())`;

const CLAIM = LEASE.claim(
  'taskRuns.claim',
  'held.due, held.removed',
  `task = any($2::text[]) and ($3::uuid is null or id = $3) and ${NO_OTHER_RUNS('task_runs.task', 'task_runs.id')}`,
);

/** Of the list $4. */
const SUMS = `removed = $4,
  rows = (select coalesce(sum((r ->> 'rows')::bigint), 0) from jsonb_array_elements($4::jsonb) r),
  bytes = (select coalesce(sum((r ->> 'bytes')::bigint), 0) from jsonb_array_elements($4::jsonb) r)`;

/** The id of a run says when it was made: what was missed is made up for later than it was due. */
const SUMMARIZE = `/* taskRuns.summarize */
select r.task, max(r.due) as "lastDue",
  extract(epoch from max(r.finished_at) filter (where r.state = 'completed'))::float8 as "endedAt",
  coalesce(sum(r.attempts) filter (where r.due > ended.due), 0)::float8 as failures,
  extract(epoch from clock_timestamp() - min(uuid_extract_timestamp(r.id)) filter (
    where r.due > ended.due and not (r.state = 'running' and r.leased_until > clock_timestamp())
  ))::float8 as "waitingSeconds"
from task_runs r
cross join lateral (
  select coalesce(max(due), '-infinity') as due from task_runs e where e.task = r.task and e.state = 'completed'
) ended
group by r.task`;

const keyOf = ({ task, id, claim }: ClaimedRun) => [task, id, claim];

/** Runs of scheduled tasks. That a run happens once is decided here: by the unique due time, and by the lease. */
@Injectable()
export class TaskRunsRepository {
  constructor(private readonly database: Database) {}

  /** @returns its id, or null when the run was made before, by whomever */
  async insert(task: string, due: Date): Promise<string | null> {
    const { rows } = await this.database.system.query<{ id: string }>(
      `/* taskRuns.insert */ insert into task_runs (id, task, due) values ($1, $2, $3)
       on conflict (task, due) do nothing returning id`,
      [uuid7(), task, due],
    );
    return rows[0]?.id ?? null;
  }

  /** A run that is due now and is the caller's already; null when one of this task is running. */
  async insertClaimed(task: string): Promise<ClaimedRun | null> {
    const { rows } = await this.database.system.query<ClaimedRun>(
      `/* taskRuns.insertClaimed */
       insert into task_runs (id, task, due, state, started_at, claimed_by, leased_until)
       select $1::uuid, $2::text, date_trunc('milliseconds', clock_timestamp()), 'running', clock_timestamp(), $3::uuid, ${LEASE.end}
       where ${NO_OTHER_RUNS('$2::text', '$1::uuid')} on conflict (task, due) do nothing
       returning task, id, due, removed, claimed_by as claim`,
      [uuid7(), task, uuid7()],
    );
    return rows[0] ?? null;
  }

  /** Takes the run `id`, or the oldest of these tasks, unless it is finished or another worker has it. */
  async claim(claim: string, tasks: readonly string[], id: string | null): Promise<ClaimedRun | null> {
    const { rows } = await this.database.system.query<ClaimedRun>(CLAIM, [claim, tasks, id]);
    return rows[0] ?? null;
  }

  async renew(run: ClaimedRun): Promise<void> {
    await this.database.system.query(
      `/* taskRuns.renew */ update task_runs set leased_until = ${LEASE.end} where ${LEASE.isHeld}`,
      keyOf(run),
    );
  }

  /** Shows that its worker lives, and what is done. @returns false when another worker has it by now */
  async advance(run: ClaimedRun, removed: readonly Removed[]): Promise<boolean> {
    const { rowCount } = await this.database.system.query(
      `/* taskRuns.advance */ update task_runs set ${SUMS}, leased_until = ${LEASE.end} where ${LEASE.isHeld}`,
      [...keyOf(run), JSON.stringify(removed)],
    );
    return rowCount === 1;
  }

  /** @param holds how many legal holds stood */
  async complete(run: ClaimedRun, removed: readonly Removed[], holds: number): Promise<void> {
    await this.database.system.query(
      `/* taskRuns.complete */ update task_runs
       set ${SUMS}, holds = $5, state = 'completed', error = null, finished_at = clock_timestamp(),
           claimed_by = null, leased_until = null
       where ${LEASE.isHeld}`,
      [...keyOf(run), JSON.stringify(removed), holds],
    );
  }

  /** Gives it back: the next worker that looks takes it up. */
  async release(run: ClaimedRun): Promise<void> {
    await this.database.system.query(
      `/* taskRuns.release */ update task_runs set state = 'queued', claimed_by = null, leased_until = null
       where ${LEASE.isHeld}`,
      keyOf(run),
    );
  }

  /** Puts the next try off: 2, 4, 8, 16 minutes; the fifth failure is the last. */
  async recordFailure(run: ClaimedRun, error: string): Promise<void> {
    await this.database.system.query(
      `/* taskRuns.recordFailure */ update task_runs
       set attempts = attempts + 1, error = $4, claimed_by = null,
           state = case when attempts + 1 >= ${MAX_ATTEMPTS} then 'failed' else 'queued' end,
           finished_at = case when attempts + 1 >= ${MAX_ATTEMPTS} then clock_timestamp() end,
           leased_until = clock_timestamp() + interval '1 minute' * 2 ^ (attempts + 1)
       where ${LEASE.isHeld}`,
      [...keyOf(run), error],
    );
  }

  /** @returns how many finished runs went */
  async removeOlderThan(before: Date): Promise<number> {
    const { rowCount } = await this.database.system.query(
      '/* taskRuns.remove */ delete from task_runs where due < $1 and finished_at is not null',
      [before],
    );
    return rowCount ?? 0;
  }

  async summarize(): Promise<RunSummary[]> {
    return (await this.database.system.query<RunSummary>(SUMMARIZE)).rows;
  }

  /** Newest first, below the id `before`. */
  async list(limit: number, before?: string, task?: string): Promise<TaskRun[]> {
    const { rows } = await this.database.system.query<TaskRun>(
      `/* taskRuns.list */ select ${COLUMNS} from task_runs
       where ($1::uuid is null or id < $1) and ($2::text is null or task = $2) order by id desc limit $3`,
      [before ?? null, task ?? null, limit],
    );
    return rows;
  }
}
