import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { OptionalInteger } from '../../platform/http/query.dto.js';
import { ArchiveResponse } from '../archive/archives.dto.js';

export class CleanupQuery {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    description:
      'Not below the days that audit entries are kept by the policy of the tenant or AUDIT_RETENTION_DAYS, the default.',
  })
  @OptionalInteger(1, 36_500)
  older_than_days?: number;
}

export class CleanupResponse {
  @ApiProperty({ type: 'integer' })
  deleted: number;

  @ApiProperty({
    type: 'integer',
    description: 'Entries that this clean-up wrote to archives; others were in one already.',
  })
  archived: number;

  @ApiProperty({ type: [ArchiveResponse], description: 'The archives that it wrote.' })
  archives: ArchiveResponse[];

  @ApiProperty({ type: 'integer', description: 'Entries as old that stay because of legal holds.' })
  held: number;

  @ApiProperty({
    type: [String],
    format: 'uuid',
    description: 'The legal holds that stand, where they keep something.',
  })
  holds: string[];
}
