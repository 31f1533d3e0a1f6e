import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { TimeRange } from '../../platform/time/time.js';
import { listUnseen } from '../properties/event-properties.repository.js';
import { type Filter, propertiesOf, requiredTypes } from './filter.js';

/** Which properties of a filter are perhaps misspelt. Asked only where an answer is empty. */
@Injectable()
export class UnseenPropertiesRepository {
  constructor(private readonly database: Database) {}

  /** The member of an answer that names those that no event of the range has, of the types that the filter asks for. */
  async describe(
    tenantId: string,
    range: TimeRange,
    filter: Filter | undefined,
  ): Promise<{ unseen_properties?: string[] }> {
    if (filter === undefined) return {};
    const unseen = await this.database.readOnReplica(tenantId, (sql) =>
      listUnseen(sql, tenantId, range, propertiesOf(filter), requiredTypes(filter)),
    );
    return unseen.length === 0 ? {} : { unseen_properties: unseen };
  }
}
