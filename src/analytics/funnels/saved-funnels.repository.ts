import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { FunnelDefinition, FunnelStep } from '../event-store/funnel-definition.js';
import { type SavedItem, SavedItemsRepository } from '../saved/saved-items.repository.js';

export interface SavedFunnelStep extends FunnelStep {
  /** Id of a segment. */
  segment?: string;
}

/** As it is asked and saved, with the names of segments in the place of their filters. */
export interface SavedFunnelDefinition extends FunnelDefinition {
  steps: SavedFunnelStep[];
}

export interface SavedFunnel extends SavedItem {
  definition: SavedFunnelDefinition;
}

export const MAX_SAVED_FUNNELS = 100;

@Injectable()
export class SavedFunnelsRepository extends SavedItemsRepository<'definition', SavedFunnel> {
  constructor(database: Database) {
    super(database, {
      table: 'saved_funnels',
      content: 'definition',
      columns: 'id, name, definition, created_at',
      most: MAX_SAVED_FUNNELS,
    });
  }
}
