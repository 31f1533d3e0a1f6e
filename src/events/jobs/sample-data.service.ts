import { Injectable } from '@nestjs/common';
import type { Principal } from '../../platform/principal.js';
import { JobDoorbell } from './job-doorbell.js';
import type { AcceptedJobResponse } from './jobs.dto.js';
import { JobsService } from './jobs.service.js';

/** Sample data asked for over HTTP: the job is committed, then the workers are told. */
@Injectable()
export class SampleDataService {
  constructor(
    private readonly jobs: JobsService,
    private readonly doorbell: JobDoorbell,
  ) {}

  async request(caller: Principal, numEvents: string, seed?: number): Promise<AcceptedJobResponse> {
    const accepted = await this.jobs.createSampleData(caller, numEvents, seed);
    this.doorbell.ring(accepted.job_id);
    return accepted;
  }
}
