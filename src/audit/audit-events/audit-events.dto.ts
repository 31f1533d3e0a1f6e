import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, Length } from 'class-validator';
import {
  Closed,
  DateTime,
  Field,
  JsonObject,
  OneOf,
  Prose,
  Text,
  text,
  WholeNumber,
} from '../../platform/http/body/fields.js';
import { AskedTime, OptionalInteger, OptionalSwitch, OptionalText, ZoneQuery } from '../../platform/http/query.dto.js';
import type { JsonValue } from '../transparency-log/canonical-json.js';

export const EVENT_STATUSES = ['Success', 'Failed'] as const;

/** null and absent mean the same. */
const OPTIONAL = { optional: true, nullable: true } as const;
const ANY_ID = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };

@Closed()
export class CreateAuditEventDto {
  @DateTime({
    ...OPTIONAL,
    description: 'When it happened (RFC 3339), from 2000-01-01 to one day from now; absent means now.',
  })
  event_timestamp?: string | null;

  @Text({ example: 'Authenticate', description: 'One of the catalogue.' })
  functionality: string;

  @Text({ example: 'Login', description: 'One that the functionality has.' })
  event_type: string;

  @WholeNumber({ ...OPTIONAL, ...ANY_ID, example: 101 })
  store_id?: number | null;

  @WholeNumber({ ...OPTIONAL, ...ANY_ID, example: 5001 })
  company_id?: number | null;

  @Text({ ...OPTIONAL, example: 'jdoe' })
  user?: string | null;

  @Prose({ ...OPTIONAL, example: 'User logged in successfully' })
  message?: string | null;

  @OneOf(EVENT_STATUSES)
  status: (typeof EVENT_STATUSES)[number];

  @JsonObject({
    ...OPTIONAL,
    description: 'At most 32 levels and 1,000 keys; the whole event at most 64 KiB.',
    example: { ip: '192.168.1.10', browser: 'Chrome' },
  })
  additional_data?: JsonValue;
}

export class AuditEventResponse {
  @ApiProperty({ format: 'uuid', description: 'Also the id of the entry under /logs.' })
  id: string;

  @ApiProperty({ format: 'date-time' })
  event_timestamp: string;

  @ApiProperty()
  functionality: string;

  @ApiProperty()
  event_type: string;

  @ApiProperty({ type: Number, nullable: true })
  store_id: number | null;

  @ApiProperty({ type: Number, nullable: true })
  company_id: number | null;

  @ApiProperty({ type: String, nullable: true })
  user: string | null;

  @ApiProperty({ type: String, nullable: true })
  message: string | null;

  @ApiProperty({ type: String, enum: EVENT_STATUSES, nullable: true })
  status: string | null;

  @ApiProperty({ type: Object, nullable: true })
  additional_data: JsonValue;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ description: 'Whether it was removed and came back from an archive.' })
  restored: boolean;

  @ApiProperty({ description: 'Whether it stands in an archive alone; `include_archived` finds such events.' })
  archived: boolean;
}

export class RecentAuditEventsResponse {
  @ApiProperty({ type: [AuditEventResponse] })
  data: AuditEventResponse[];
}

export class AuditEventPage {
  @ApiProperty({ type: [AuditEventResponse] })
  data: AuditEventResponse[];

  @ApiProperty()
  page_number: number;

  @ApiProperty()
  page_size: number;

  @ApiProperty({ description: 'All matches; counting ends at 1,000,000.' })
  total: number;

  @ApiPropertyOptional({ type: [String], description: 'With `include_archived`: the archives that were searched.' })
  archives?: string[];
}

export class RecentAuditEventsQuery extends ZoneQuery {}

export class AuditEventFilterQuery extends ZoneQuery {
  @AskedTime('Start, inclusive: RFC 3339, or a date or time in `tz`. Default: the beginning.')
  from_date?: string;

  @AskedTime('End, exclusive: RFC 3339, or a date or time in `tz`. Default: now.')
  to_date?: string;

  @OptionalText()
  functionality?: string;

  @OptionalText()
  event_type?: string;

  @ApiPropertyOptional({ enum: EVENT_STATUSES })
  @IsOptional()
  @IsIn(EVENT_STATUSES)
  status?: (typeof EVENT_STATUSES)[number];

  @OptionalInteger(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  store_id?: number;

  @OptionalInteger(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  company_id?: number;

  @OptionalText()
  user?: string;

  @ApiPropertyOptional({ description: 'Part of the message, in whatever case; taken as it is.' })
  @OptionalText(200)
  message_pattern?: string;
}

export class SearchAuditEventsQuery extends AuditEventFilterQuery {
  @ApiPropertyOptional({ type: Number, minimum: 1, default: 1 })
  @OptionalInteger(1)
  page_number = 1;

  @ApiPropertyOptional({ type: Number, minimum: 1, maximum: 5000, default: 500 })
  @OptionalInteger(1, 5_000)
  page_size = 500;

  @OptionalSwitch({
    description:
      'Also reads the archives with events from the range, at most 500,000 entries of them; page_number × page_size is then at most 5,000.',
  })
  include_archived?: string;
}

export class ExportAuditEventsQuery extends AuditEventFilterQuery {
  @OptionalSwitch({ description: 'The 500 most recent, whatever else is asked for.' })
  recent?: string;

  @ApiPropertyOptional({ type: Number, minimum: 1, description: 'Only this page of the search; absent: all of it.' })
  @OptionalInteger(1)
  page_number?: number;

  @ApiPropertyOptional({ type: Number, minimum: 1, maximum: 5000, default: 500 })
  @OptionalInteger(1, 5_000)
  page_size?: number;
}

export class EventTypesQuery {
  @ApiProperty({ example: 'Authenticate' })
  @IsString()
  @Length(1, 255)
  functionality_name: string;
}

export class EventTypesResponse {
  @ApiProperty()
  functionality: string;

  @ApiProperty({ type: [String] })
  event_types: string[];
}

export class CatalogueResponse {
  @ApiProperty({ type: [EventTypesResponse], description: 'By name; the common ones and those of the tenant.' })
  data: EventTypesResponse[];
}

@Closed()
export class AddFunctionalityDto {
  @Text({ example: 'Inventory' })
  functionality: string;

  @Field(
    { type: 'array', items: text(1, 255), minItems: 1, maxItems: 1_000 },
    { example: ['Stock counted', 'Stock corrected'] },
  )
  event_types: string[];
}
