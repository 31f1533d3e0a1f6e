import type { INestApplicationContext } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { type JobResponse, MAX_SEED } from '../events/jobs/jobs.dto.js';
import { JobsService } from '../events/jobs/jobs.service.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { JobsModule } from '../events/jobs/jobs.module.js';
import { inApplication } from './cli.module.js';
import { asCommandLine } from './command-line.js';
import type { Config } from '../platform/config/config.js';
import { type OutputOptions, print, UsageError } from './output.js';
import { ProgressBar } from './progress-bar.js';

const LOOK_MS = 200;
const STUCK_MS = 10_000;

export interface SampleDataOptions extends OutputOptions {
  tenant: string;
  seed?: string;
}

export async function generateSampleData(config: Config, count: string, options: SampleDataOptions): Promise<void> {
  const seed = readSeed(options.seed);
  await inApplication(config, [JobsModule], async (app) => {
    const { id: tenantId } = await app.get(TenantsService).getByIdOrName(options.tenant);
    const { job_id } = await app.get(JobsService).createSampleData(asCommandLine(tenantId), count, seed);
    const job = await follow(app, tenantId, job_id, options.json ? null : new ProgressBar(process.stdout));
    if (job.state === 'failed') throw new Error(`Job ${job.id} failed: ${job.error ?? 'for an unknown reason'}`);
    const { stored = 0, rejected = 0, seed: used = 0 } = job.result ?? {};
    const refused = rejected === 0 ? '' : `; schemas refused ${rejected}`;
    print(options.json, job, `Stored and counted ${stored} events (seed ${used})${refused}.`);
  });
}

/** Until it is finished. Interrupting this does not interrupt the job. */
async function follow(
  app: INestApplicationContext,
  tenantId: string,
  jobId: string,
  bar: ProgressBar | null,
): Promise<JobResponse> {
  let seen = '';
  let movedAt = Date.now();
  for (;;) {
    const job = await app.get(JobsService).get(tenantId, jobId);
    const now = `${job.state} ${job.progress}`;
    if (now !== seen) movedAt = Date.now();
    seen = now;
    bar?.show(job.progress, job.state);
    if (job.state === 'completed' || job.state === 'failed') {
      bar?.end();
      return job;
    }
    if (Date.now() - movedAt > STUCK_MS) {
      movedAt = Date.now();
      bar?.end();
      process.stderr.write(
        `Nothing has moved for ${STUCK_MS / 1_000} s: is a worker running (npm run start:worker)? ` +
          `Job ${jobId} is ${job.state} and goes on when there is one, also after Ctrl-C.\n`,
      );
    }
    await delay(LOOK_MS);
  }
}

function readSeed(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(seed <= MAX_SEED)) throw new UsageError(`--seed is a whole number from 0 to ${MAX_SEED}.`);
  return seed;
}
