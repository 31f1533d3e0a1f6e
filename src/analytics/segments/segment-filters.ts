import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { invalidBody } from '../../platform/http/body/body-validator.js';
import { bothOf, type Filter } from '../filters/filter.js';
import { requireFewConditions, requireFilter } from '../filters/filter-faults.js';
import { type SavedSegment, SegmentsRepository } from './segments.repository.js';

/** What a question says of the events it is about. */
export interface AskedFilter {
  filters?: unknown;
  /** Id or name of a segment. */
  segment?: string | undefined;
}

/** From what a question says to the filter that it means. */
@Injectable()
export class SegmentFilters {
  constructor(
    private readonly database: Database,
    private readonly segments: SegmentsRepository,
  ) {}

  /**
   * The filter of a question: both its own and that of the segment it names.
   * @param path of the part of a body in which they are, with a dot behind it
   * @throws Problem 400 for a filter that cannot be asked, and for a segment that is not there
   */
  async filterOf(tenantId: string, asked: AskedFilter, path = ''): Promise<Filter | undefined> {
    const own = requireFilter(asked.filters, `${path}filters`);
    const segment = await this.findAsked(tenantId, asked, path);
    const filter = bothOf(segment?.filters, own);
    requireFewConditions([filter], `${path}filters`);
    return filter;
  }

  /** @throws Problem 400 where there is no such segment */
  async findAsked(tenantId: string, { segment }: AskedFilter, path = ''): Promise<SavedSegment | undefined> {
    if (segment === undefined) return undefined;
    return this.database.readInTenant(tenantId, (sql) => this.require(sql, tenantId, segment, path));
  }

  /** The filter of a segment, in a transaction that is open already. */
  async filterNamed(sql: Sql, tenantId: string, segment: string | undefined): Promise<Filter | undefined> {
    return segment === undefined ? undefined : (await this.require(sql, tenantId, segment, '')).filters;
  }

  private async require(sql: Sql, tenantId: string, segment: string, path: string): Promise<SavedSegment> {
    const found = await this.segments.findNamed(sql, tenantId, segment);
    if (found !== null) return found;
    throw invalidBody([{ path: `${path}segment`, message: 'names no saved segment; GET /segments lists them' }]);
  }
}
