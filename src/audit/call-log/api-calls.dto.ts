import { ApiProperty, ApiPropertyOptional, IntersectionType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsOptional } from 'class-validator';
import { RangeResponse } from '../../platform/http/range.dto.js';
import { ByteOrderMark, OptionalInteger, OptionalText, PageQuery, RangeQuery } from '../../platform/http/query.dto.js';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
export const EXPORT_FORMATS = ['csv', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export class ApiCallsFilterQuery extends RangeQuery {
  @ApiPropertyOptional({ enum: METHODS })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.toUpperCase() : value))
  @IsIn(METHODS)
  method?: string;

  @ApiPropertyOptional({ description: 'Part of the path.' })
  @OptionalText()
  endpoint?: string;

  @OptionalInteger(100, 599)
  status_code?: number;

  @ApiPropertyOptional({ type: 'integer', description: 'This status or a higher one: 400 for everything refused.' })
  @OptionalInteger(100, 599)
  min_status?: number;

  @OptionalText()
  client_id?: string;

  @ApiPropertyOptional({ description: 'The X-Request-Id of an answer, or the request_id of a problem or a log line.' })
  @OptionalText(128)
  request_id?: string;

  @ApiPropertyOptional({ description: 'Address of the caller, in any spelling.' })
  @OptionalText()
  ip?: string;
}

export class ListApiCallsQuery extends IntersectionType(ApiCallsFilterQuery, PageQuery) {}

export class ExportApiCallsQuery extends ApiCallsFilterQuery {
  @ApiPropertyOptional({ enum: EXPORT_FORMATS, default: 'csv' })
  @IsOptional()
  @IsIn(EXPORT_FORMATS)
  format: ExportFormat = 'csv';

  @ByteOrderMark()
  bom?: string;
}

export class ApiCallResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  request_id: string;

  @ApiProperty({ format: 'uuid' })
  tenant_id: string;

  @ApiProperty({ type: String, nullable: true })
  client_id: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  key_id: string | null;

  @ApiProperty()
  method: string;

  @ApiProperty({ description: 'Without the query.' })
  path: string;

  @ApiProperty({ type: String, nullable: true })
  route: string | null;

  @ApiProperty({ type: 'integer' })
  status_code: number;

  @ApiProperty()
  duration_ms: number;

  @ApiProperty({ type: String, nullable: true })
  ip: string | null;

  @ApiProperty({ type: String, nullable: true })
  user_agent: string | null;

  @ApiProperty({ type: 'integer' })
  request_bytes: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'null where the row was written before the answer.' })
  response_bytes: number | null;

  @ApiProperty({ type: String, nullable: true })
  error: string | null;

  @ApiProperty({
    type: 'integer',
    description: 'How many calls of one minute the row stands for; more than 1 in a flood.',
  })
  calls: number;

  @ApiProperty({ format: 'date-time' })
  timestamp: string;
}

export class ApiCallPage extends RangeResponse {
  @ApiProperty({ type: [ApiCallResponse] })
  data: ApiCallResponse[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
