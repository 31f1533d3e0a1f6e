import { Injectable } from '@nestjs/common';
import type { Principal } from '../../platform/http/principal.js';
import { JobNotifier } from './job-notifier.js';
import type { AcceptedJobResponse } from './jobs.dto.js';
import { JobsService } from './jobs.service.js';

/** Sample data asked for over HTTP: the job is committed, then the workers are told. */
@Injectable()
export class SampleDataService {
  constructor(
    private readonly jobs: JobsService,
    private readonly notifier: JobNotifier,
  ) {}

  async request(caller: Principal, numEvents: string, seed?: number): Promise<AcceptedJobResponse> {
    const accepted = await this.jobs.createSampleData(caller, numEvents, seed);
    this.notifier.notify(accepted.job_id);
    return accepted;
  }
}
