import { Injectable } from '@nestjs/common';
import { randomInt } from 'node:crypto';
import type { Principal } from '../../platform/http/principal.js';
import { badRequest, notFound, Problem } from '../../platform/http/problem.js';
import { DAY_MS } from '../../platform/time/time.js';
import { isUuid, uuid7 } from '../../platform/database/uuid7.js';
import { type AcceptedJobResponse, type JobResponse, type JobResult, MAX_SEED } from './jobs.dto.js';
import { type JobRow, JobsRepository } from './jobs.repository.js';

const MAX_EVENTS = 1_000_000;
const DAYS = 30;
/** So that a script in a loop cannot fill the disk overnight. */
const MAX_UNFINISHED = 20;

/** Creates jobs and reads their progress, for the API and the command line. A worker does the work. */
@Injectable()
export class JobsService {
  constructor(private readonly jobs: JobsRepository) {}

  /** @throws Problem 400 when `numEvents` is not a whole number from 1 to a million, 409 when too many jobs wait */
  async createSampleData(
    by: Pick<Principal, 'tenantId' | 'clientId' | 'keyId'>,
    numEvents: string,
    seed = randomInt(MAX_SEED),
  ): Promise<AcceptedJobResponse> {
    const total = readCount(numEvents);
    const { tenantId, clientId, keyId } = by;
    const parameters = { seed, until: new Date().toISOString(), days: DAYS };
    const id = uuid7();
    const inserted = await this.jobs.insert({ tenantId, id, total, parameters, clientId, keyId }, MAX_UNFINISHED);
    if (!inserted) {
      throw new Problem(409, `There are ${MAX_UNFINISHED} unfinished jobs already; wait until one of them is done.`);
    }
    return { job_id: id, num_events: total };
  }

  /** @throws Problem 404 */
  async get(tenantId: string, id: string): Promise<JobResponse> {
    const row = isUuid(id) ? await this.jobs.find(tenantId, id) : null;
    if (row === null) throw notFound('There is no job with this id.');
    return toResponse(row);
  }
}

function readCount(text: string): number {
  const count = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : NaN;
  if (!(count <= MAX_EVENTS)) {
    const message = `must be a whole number from 1 to ${MAX_EVENTS}`;
    throw badRequest(`num_events ${message}.`, [{ path: 'num_events', message }]);
  }
  return count;
}

function toResponse(row: JobRow): JobResponse {
  const completed = row.state === 'completed';
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    progress: completed ? 100 : percentOf(row),
    ...(completed ? { result: resultOf(row) } : {}),
    ...(row.error === null ? {} : { error: row.error }),
  };
}

/** 100 is only for completed jobs. */
export function percentOf({ done, total }: Pick<JobRow, 'done' | 'total'>): number {
  return Math.min(99, Math.floor((100 * done) / total));
}

function resultOf({ total, rejected, parameters: { seed, until, days } }: JobRow): JobResult {
  const from = new Date(Date.parse(until) - days * DAY_MS).toISOString();
  return { num_events: total, stored: total - rejected, rejected, seed, from, to: until };
}
