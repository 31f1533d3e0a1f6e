import { ApiProperty, PickType } from '@nestjs/swagger';
import { EventResponse } from '../reading/events.dto.js';

/** Documentation of the body; event-enricher.ts is what checks it. */
export class EnrichEventDto {
  @ApiProperty({
    type: Object,
    description: 'Merged by name into the enrichment: at most 64 KiB, 32 levels and 1,000 keys in all.',
    example: { segment: 'enterprise' },
  })
  additional_properties: Record<string, unknown>;
}

/** What a caller that may not read gets to know of an event. */
export class EnrichedResponse extends PickType(EventResponse, ['id', 'event_id']) {}
