import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsIn, IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';
import { PageQuery, RangeQuery, ToInteger, ZoneQuery } from '../../platform/query.dto.js';
import { EXPORT_FORMATS, type ExportFormat } from '../export/send-export.js';
import { ACTION_TYPES, type ActionType, SEVERITIES, type Severity } from './entry.js';

export class EntryFilterQuery extends RangeQuery {
  @ApiPropertyOptional({ enum: ACTION_TYPES })
  @IsOptional()
  @IsIn(ACTION_TYPES)
  action_type?: ActionType;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 255)
  resource_type?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 255)
  resource_id?: string;

  @ApiPropertyOptional({ enum: SEVERITIES })
  @IsOptional()
  @IsIn(SEVERITIES)
  severity?: Severity;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 255)
  status?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 255)
  user_id?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 255)
  session_id?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 255)
  ip_address?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 1024)
  user_agent?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 255)
  client_id?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 255)
  functionality?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 255)
  event_type?: string;

  @ApiPropertyOptional({ type: Number })
  @IsOptional()
  @ToInteger()
  @IsInt()
  @Min(Number.MIN_SAFE_INTEGER)
  @Max(Number.MAX_SAFE_INTEGER)
  store_id?: number;

  @ApiPropertyOptional({ type: Number })
  @IsOptional()
  @ToInteger()
  @IsInt()
  @Min(Number.MIN_SAFE_INTEGER)
  @Max(Number.MAX_SAFE_INTEGER)
  company_id?: number;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 255)
  idempotency_key?: string;

  @ApiPropertyOptional({ description: 'Part of the message, in whatever case.', maxLength: 200 })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  message?: string;

  @ApiPropertyOptional({
    description:
      'Full text over message, resource, metadata and states: all words, "a phrase", -without, begin*. At most 200 characters.',
    maxLength: 200,
  })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  q?: string;
}

export class ListEntriesQuery extends IntersectionType(EntryFilterQuery, PageQuery) {}

export class EntryStatsQuery extends IntersectionType(EntryFilterQuery, ZoneQuery) {}

export class ExportEntriesQuery extends IntersectionType(EntryFilterQuery, ZoneQuery) {
  @ApiPropertyOptional({ enum: EXPORT_FORMATS, default: 'csv' })
  @IsOptional()
  @IsIn(EXPORT_FORMATS)
  format: ExportFormat = 'csv';
}

const COUNTS = { type: 'object', additionalProperties: { type: 'number' } } as const;

class DayCount {
  @ApiProperty({ format: 'date' })
  day: string;

  @ApiProperty()
  count: number;
}

export class EntryStatsResponse {
  @ApiProperty()
  total: number;

  @ApiProperty(COUNTS)
  by_action: Record<string, number>;

  @ApiProperty(COUNTS)
  by_severity: Record<string, number>;

  @ApiProperty({ ...COUNTS, description: 'The 1,000 most frequent.' })
  by_resource_type: Record<string, number>;

  @ApiProperty({ type: [DayCount], description: 'Days of the time zone that have entries, oldest first.' })
  by_day: DayCount[];
}

export class CleanupQuery {
  @ApiPropertyOptional({ type: Number, minimum: 1, description: 'Not below AUDIT_RETENTION_DAYS, the default.' })
  @IsOptional()
  @ToInteger()
  @IsInt()
  @Min(1)
  @Max(36_500)
  older_than_days?: number;
}

export class CleanupResponse {
  @ApiProperty()
  deleted: number;
}
