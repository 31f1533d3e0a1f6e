import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Closed, WholeNumber } from '../../platform/http/body/fields.js';

export const JOB_STATES = ['waiting', 'active', 'completed', 'failed'] as const;
export type JobState = (typeof JOB_STATES)[number];

export const MAX_SEED = 2 ** 31 - 1;

@Closed()
export class GenerateSampleDataDto {
  @WholeNumber({
    ...{ min: 0, max: MAX_SEED, optional: true },
    description: 'The same seed and number give the same users, event types and payloads. Drawn when absent.',
  })
  seed?: number;
}

export class AcceptedJobResponse {
  @ApiProperty({ format: 'uuid', description: 'For `GET /jobs/{job_id}`.' })
  job_id: string;

  @ApiProperty({ type: 'integer' })
  num_events: number;
}

export class JobResult {
  @ApiProperty({ type: 'integer' })
  num_events: number;

  @ApiProperty({ type: 'integer', description: 'Events stored, each of them once.' })
  stored: number;

  @ApiProperty({ type: 'integer', description: 'Events that a schema of the tenant refused.' })
  rejected: number;

  @ApiProperty({ type: 'integer' })
  seed: number;

  @ApiProperty({ format: 'date-time', description: 'The events lie from here …' })
  from: string;

  @ApiProperty({ format: 'date-time', description: '… to here, exclusive.' })
  to: string;
}

export class JobResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'generate-sample-data' })
  name: string;

  @ApiProperty({
    enum: JOB_STATES,
    description: '`waiting` for a worker, `active`, `completed` (all of it is stored and counted) or `failed`.',
  })
  state: JobState;

  @ApiProperty({ type: 'integer', minimum: 0, maximum: 100, description: 'Percent; 100 only when completed.' })
  progress: number;

  @ApiPropertyOptional({ type: JobResult, description: 'Present when completed.' })
  result?: JobResult;

  @ApiPropertyOptional({ description: 'What went wrong at the last try.' })
  error?: string;
}
