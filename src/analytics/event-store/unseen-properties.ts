import { Injectable } from '@nestjs/common';
import type { TimeRange } from '../../platform/time/time.js';
import { type Filter, propertiesOf, requiredTypes } from '../filters/filter.js';
import { EventStore } from './event-store.js';

/** Which properties of a filter are perhaps misspelt. Asked only where an answer is empty. */
@Injectable()
export class UnseenProperties {
  constructor(private readonly events: EventStore) {}

  /** The member of an answer that names those that no event of the range has, of the types that the filter asks for. */
  async describe(
    tenantId: string,
    range: TimeRange,
    filter: Filter | undefined,
  ): Promise<{ unseen_properties?: string[] }> {
    if (filter === undefined) return {};
    const unseen = await this.events.listUnseen(tenantId, range, propertiesOf(filter), requiredTypes(filter));
    return unseen.length === 0 ? {} : { unseen_properties: unseen };
  }
}
