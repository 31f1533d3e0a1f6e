import { ApiProperty } from '@nestjs/swagger';
import { Closed, Field, JSON_OBJECT, Text } from '../../platform/http/body/fields.js';
import { FILTER_EXAMPLE, FILTER_WORDS } from '../filters/filters.query.js';

const NAME = { example: 'Paying customers', description: 'No other segment has it, in whatever case.' };
const FILTERS = { description: FILTER_WORDS, example: FILTER_EXAMPLE };

@Closed()
export class CreateSavedSegmentDto {
  @Text(NAME)
  name: string;

  @Field(JSON_OBJECT, FILTERS)
  filters: object;
}

@Closed()
export class UpdateSavedSegmentDto {
  @Text({ ...NAME, optional: true })
  name?: string;

  @Field(JSON_OBJECT, { ...FILTERS, optional: true })
  filters?: object;
}

export class SavedSegmentResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'Which events are in it.' })
  filters: object;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time', description: 'When its name or its filter was last changed.' })
  updated_at: string;
}

export class SavedSegmentPage {
  @ApiProperty({ type: [SavedSegmentResponse] })
  data: SavedSegmentResponse[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
