import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiConflictResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../../platform/http/access.js';
import type { Principal } from '../../platform/http/principal.js';
import { AcceptedJobResponse, GenerateSampleDataDto, JobResponse } from './jobs.dto.js';
import { JobsService } from './jobs.service.js';
import { SampleDataService } from './sample-data.service.js';

@ApiTags('Sample data')
@Controller()
export class JobsController {
  constructor(
    private readonly jobs: JobsService,
    private readonly samples: SampleDataService,
  ) {}

  /** Fills the tenant with events of an invented web shop, over the last 30 days. The job tells its progress. */
  @Post('generate-sample-data/:num_events')
  @HttpCode(202)
  @RequireScope('admin')
  @ApiParam({ name: 'num_events', schema: { type: 'integer', minimum: 1, maximum: 1_000_000 } })
  @ApiBody({ type: GenerateSampleDataDto, required: false })
  @ApiAcceptedResponse({ type: AcceptedJobResponse })
  @ApiConflictResponse({ description: 'Too many jobs of the tenant are unfinished.' })
  generateSampleData(
    @Caller() caller: Principal,
    @Param('num_events') numEvents: string,
    @Body() body: GenerateSampleDataDto,
  ): Promise<AcceptedJobResponse> {
    return this.samples.request(caller, numEvents, body.seed);
  }

  /** Progress of a job, and its result. */
  @Get('jobs/:job_id')
  @RequireScope('read')
  @ApiOkResponse({ type: JobResponse })
  getJob(@Caller() caller: Principal, @Param('job_id') id: string): Promise<JobResponse> {
    return this.jobs.get(caller.tenantId, id);
  }
}
