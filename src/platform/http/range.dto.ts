import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type TimeRange, toIso } from '../time/time.js';

/** Of every answer over a range: what was looked at, also where the question did not say it. */
export class RangeResponse {
  @ApiProperty({ format: 'date-time', description: 'Start of what was looked at, inclusive.' })
  from: string;

  @ApiProperty({ format: 'date-time', description: 'Its end, exclusive.' })
  to: string;
}

/** Of an answer that a replica may give. */
export class CountedRangeResponse extends RangeResponse {
  @ApiPropertyOptional({
    format: 'date-time',
    description:
      'Everything that was processed until then is counted: a replica has answered. Absent when the primary did, which knows all.',
  })
  as_of?: string;
}

export const rangeOf = ({ from, to }: TimeRange): RangeResponse => ({ from: toIso(from), to: toIso(to) });
