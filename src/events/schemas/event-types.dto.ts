import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { ANY_JSON, Closed, Field, JSON_OBJECT, OneOf } from '../../platform/http/body/fields.js';
import { OptionalText, PageQuery } from '../../platform/http/query.dto.js';
import type { SchemaMode } from './schemas.repository.js';

export const SCHEMA_MODES = ['reject', 'quarantine'] as const satisfies readonly SchemaMode[];

@Closed()
export class PutSchemaDto {
  @Field(
    { anyOf: [JSON_OBJECT, { type: 'boolean' }] },
    {
      description:
        'JSON Schema 2020-12 of the payload: at most 64 KiB and 300 subschemas; $ref within the document only; patterns without look-around and back-references.',
      example: { type: 'object', required: ['price'], properties: { price: { type: 'number', minimum: 0 } } },
    },
  )
  schema: unknown;

  @OneOf(SCHEMA_MODES, {
    default: 'reject',
    description: 'reject: such an event is turned away. quarantine: it is taken and becomes a dead letter.',
  })
  mode: SchemaMode;
}

export class EventTypesQuery extends OmitType(PageQuery, ['cursor']) {
  @ApiPropertyOptional({ description: '`next_cursor` of the page before.' })
  @OptionalText(2_000)
  cursor?: string;

  @ApiPropertyOptional({ description: 'Types whose name begins so.' })
  @OptionalText()
  prefix?: string;
}

export class EventTypeSchemaResponse {
  @ApiProperty()
  event_type: string;

  @Field(ANY_JSON, { description: 'An object or a boolean.' })
  schema: unknown;

  @ApiProperty({ enum: SCHEMA_MODES })
  mode: SchemaMode;

  @ApiProperty({ type: 'integer', description: 'Goes up with every change of a schema of the tenant.' })
  version: number;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class EventTypeResponse {
  @ApiProperty()
  event_type: string;

  @ApiProperty({ type: 'integer', description: 'Processed events of the last 30 days, by event_time.' })
  events_30d: number;

  @Field(ANY_JSON, { description: 'An object, a boolean, or null where there is none.' })
  schema: unknown;

  @ApiProperty({ enum: SCHEMA_MODES, nullable: true })
  mode: SchemaMode | null;

  @ApiProperty({ type: 'integer', nullable: true })
  version: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  updated_at: string | null;
}

export class EventTypePage {
  @ApiProperty({ type: [EventTypeResponse] })
  data: EventTypeResponse[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
