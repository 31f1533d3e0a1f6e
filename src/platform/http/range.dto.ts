import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type Engine, ENGINES } from '../database/as-of.js';
import { type TimeRange, toIso } from '../time/time.js';

/** Of every answer over a range: what was looked at, also where the question did not say it. */
export class RangeResponse {
  @ApiProperty({ format: 'date-time', description: 'Start of what was looked at, inclusive.' })
  from: string;

  @ApiProperty({ format: 'date-time', description: 'Its end, exclusive.' })
  to: string;
}

/** Of an answer that a copy of the data may give. */
export class CountedRangeResponse extends RangeResponse {
  @ApiPropertyOptional({
    format: 'date-time',
    description:
      'Everything that was processed until then is counted: a replica or ClickHouse has answered. Absent when the primary did, which knows all.',
  })
  as_of?: string;

  @ApiPropertyOptional({
    enum: ENGINES,
    description: 'Where ClickHouse is configured: what has read the events. Absent where nothing needed to.',
  })
  engine?: Engine;
}

export const rangeOf = ({ from, to }: TimeRange): RangeResponse => ({ from: toIso(from), to: toIso(to) });
