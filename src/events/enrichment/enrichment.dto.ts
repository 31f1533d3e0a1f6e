import { PickType } from '@nestjs/swagger';
import { Closed, JsonObject } from '../../platform/http/body/fields.js';
import { EventResponse } from '../reading/events.dto.js';

@Closed()
export class EnrichEventDto {
  @JsonObject({
    description: 'Merged by name into the enrichment: at most 64 KiB, 32 levels and 1,000 keys in all.',
    example: { segment: 'enterprise' },
  })
  additional_properties: Record<string, unknown>;
}

/** What a caller that may not read gets to know of an event. */
export class EnrichedResponse extends PickType(EventResponse, ['id', 'event_id']) {}
