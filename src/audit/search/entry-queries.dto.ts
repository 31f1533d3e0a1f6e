import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { RangeResponse } from '../../platform/http/range.dto.js';
import { OptionalInteger, OptionalText, PageQuery, RangeQuery } from '../../platform/http/query.dto.js';
import { ACTION_TYPES, type ActionType, SEVERITIES, type Severity, type Source, SOURCES } from '../entries/entry.js';

export class EntryFilterQuery extends RangeQuery {
  @ApiPropertyOptional({ enum: ACTION_TYPES })
  @IsOptional()
  @IsIn(ACTION_TYPES)
  action_type?: ActionType;

  @ApiPropertyOptional({ enum: SOURCES })
  @IsOptional()
  @IsIn(SOURCES)
  source?: Source;

  @OptionalText()
  resource_type?: string;

  @OptionalText()
  resource_id?: string;

  @ApiPropertyOptional({ enum: SEVERITIES })
  @IsOptional()
  @IsIn(SEVERITIES)
  severity?: Severity;

  @OptionalText()
  status?: string;

  @OptionalText()
  user_id?: string;

  @OptionalText()
  session_id?: string;

  @OptionalText()
  ip_address?: string;

  @OptionalText(1024)
  user_agent?: string;

  @OptionalText()
  client_id?: string;

  @OptionalText()
  functionality?: string;

  @OptionalText()
  event_type?: string;

  @OptionalInteger(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  store_id?: number;

  @OptionalInteger(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  company_id?: number;

  @OptionalText()
  idempotency_key?: string;

  @ApiPropertyOptional({
    description: 'Part of the message, in whatever case. Without `from`, everything is looked at.',
  })
  @OptionalText(200)
  message?: string;

  @ApiPropertyOptional({
    description:
      'Full text over message, resource, metadata and states: all words, "a phrase", -without, begin*. At most 200 characters. Without `from`, everything is searched.',
    maxLength: 200,
  })
  @OptionalText(200)
  q?: string;
}

export class ListEntriesQuery extends IntersectionType(EntryFilterQuery, PageQuery) {}

export class EntryStatsQuery extends EntryFilterQuery {}

const COUNTS = { type: 'object', additionalProperties: { type: 'number' } } as const;

class DayCount {
  @ApiProperty({ format: 'date' })
  day: string;

  @ApiProperty()
  count: number;
}

export class EntryStatsResponse extends RangeResponse {
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
