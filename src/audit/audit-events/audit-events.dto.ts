import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayNotEmpty, IsArray, IsIn, IsOptional, IsString, Length } from 'class-validator';
import { IsDateTime, OptionalInteger, OptionalText, ZoneQuery } from '../../platform/http/query.dto.js';
import type { JsonValue } from '../transparency-log/canonical-json.js';
import { EVENT_STATUSES } from './audit-event-parser.js';

/** Documentation of the body; audit-event-parser.ts is what checks it. */
export class CreateAuditEventDto {
  @ApiPropertyOptional({ format: 'date-time', description: 'When it happened (RFC 3339); absent means now.' })
  event_timestamp?: string;

  @ApiProperty({ example: 'Authenticate', description: 'One of the catalogue.' })
  functionality: string;

  @ApiProperty({ example: 'Login', description: 'One that the functionality has.' })
  event_type: string;

  @ApiPropertyOptional({ example: 101 })
  store_id?: number;

  @ApiPropertyOptional({ example: 5001 })
  company_id?: number;

  @ApiPropertyOptional({ example: 'jdoe', minLength: 1, maxLength: 255 })
  user?: string;

  @ApiPropertyOptional({ example: 'User logged in successfully' })
  message?: string;

  @ApiProperty({ enum: EVENT_STATUSES })
  status: (typeof EVENT_STATUSES)[number];

  @ApiPropertyOptional({ type: Object, example: { ip: '192.168.1.10', browser: 'Chrome' } })
  additional_data?: Record<string, unknown>;
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
}

export class AuditEventFilterQuery {
  @ApiPropertyOptional({ format: 'date-time', description: 'Start, inclusive (RFC 3339). Default: the beginning.' })
  @IsOptional()
  @IsDateTime()
  from_date?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'End, exclusive (RFC 3339). Default: now.' })
  @IsOptional()
  @IsDateTime()
  to_date?: string;

  @OptionalText()
  functionality?: string;

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
}

export class ExportAuditEventsQuery extends IntersectionType(AuditEventFilterQuery, ZoneQuery) {
  @ApiPropertyOptional({ enum: ['true', 'false'], description: 'The 500 most recent, whatever else is asked for.' })
  @IsOptional()
  @IsIn(['true', 'false'])
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

export class AddFunctionalityDto {
  @ApiProperty({ example: 'Inventory' })
  @IsString()
  @Length(1, 255)
  functionality: string;

  @ApiProperty({ type: [String], example: ['Stock counted', 'Stock corrected'] })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(1_000)
  @IsString({ each: true })
  @Length(1, 255, { each: true })
  event_types: string[];
}
