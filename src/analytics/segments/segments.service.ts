import { Injectable } from '@nestjs/common';
import { recordOf } from '../../audit/entries/act.js';
import { AuditEntryWriter } from '../../audit/entries/entry-writer.js';
import type { Sql } from '../../platform/database/database.js';
import { isUuid, uuid7 } from '../../platform/database/uuid7.js';
import { decodeCursor, toPage } from '../../platform/http/cursor.js';
import type { Principal } from '../../platform/http/principal.js';
import { notFound, Problem } from '../../platform/http/problem.js';
import { refuseTakenName } from '../../platform/http/taken-name.js';
import { AnswerCache } from '../cache/answer-cache.js';
import type { Filter } from '../filters/filter.js';
import { requireFilter } from '../filters/filter-faults.js';
import type {
  CreateSavedSegmentDto,
  SavedSegmentPage,
  SavedSegmentResponse,
  UpdateSavedSegmentDto,
} from './segments.dto.js';
import { MAX_SEGMENTS, type SavedSegment, SegmentsRepository } from './segments.repository.js';

const SAVED = { action: 'CREATE', resource: 'saved_segment', message: 'Segment saved' } as const;
const CHANGED = { action: 'UPDATE', resource: 'saved_segment', message: 'Saved segment changed' } as const;
const DELETED = { action: 'DELETE', resource: 'saved_segment', message: 'Saved segment deleted' } as const;

@Injectable()
export class SegmentsService {
  constructor(
    private readonly segments: SegmentsRepository,
    private readonly cache: AnswerCache,
    private readonly audit: AuditEntryWriter,
  ) {}

  /** @throws Problem 409 when the name is taken, 422 when there are too many */
  async create(caller: Principal, { name, filters }: CreateSavedSegmentDto): Promise<SavedSegmentResponse> {
    const row = { id: uuid7(), name, filters: filterIn(filters) };
    const created = await refuseTakenName('segment', name, () =>
      this.segments.insert(caller.tenantId, row, (sql, inserted) =>
        this.audit.append(sql, [recordOf(caller, { ...SAVED, id: inserted.id, after: toResponse(inserted) })]),
      ),
    );
    if (created === null) {
      throw new Problem(422, `There are ${MAX_SEGMENTS} segments already. Delete one that is not needed any more.`);
    }
    return toResponse(created);
  }

  async list(tenantId: string, limit: number, cursor?: string): Promise<SavedSegmentPage> {
    const before = cursor === undefined ? undefined : decodeCursor(cursor);
    const rows = await this.segments.list(tenantId, limit + 1, before);
    const { data, next_cursor } = toPage(rows, limit);
    return { data: data.map(toResponse), next_cursor };
  }

  /** @throws Problem 404 */
  async get(tenantId: string, id: string): Promise<SavedSegmentResponse> {
    const segment = isUuid(id) ? await this.segments.find(tenantId, id) : null;
    if (segment === null) throw noSuchSegment();
    return toResponse(segment);
  }

  /** @throws Problem 404, 409 when the name is taken */
  async update(caller: Principal, id: string, { name, filters }: UpdateSavedSegmentDto): Promise<SavedSegmentResponse> {
    const change = {
      ...(name === undefined ? {} : { name }),
      ...(filters === undefined ? {} : { filters: filterIn(filters) }),
    };
    if (Object.keys(change).length === 0) return this.get(caller.tenantId, id);
    if (!isUuid(id)) throw noSuchSegment();
    const changed = await refuseTakenName('segment', name ?? '', () =>
      this.segments.update(caller.tenantId, id, change, (sql, after, before) => {
        const states = { before: toResponse(before), after: toResponse(after) };
        return this.audit.append(sql, [recordOf(caller, { ...CHANGED, id, ...states })]);
      }),
    );
    if (changed === null) throw noSuchSegment();
    this.cache.forget(caller.tenantId); // what funnels that name it have answered
    return toResponse(changed);
  }

  /** @throws Problem 404, 409 while a saved funnel has a step of it */
  async delete(caller: Principal, id: string): Promise<void> {
    const { tenantId } = caller;
    const record = async (sql: Sql, deleted: SavedSegment) => {
      const funnel = await this.segments.findFunnelOf(sql, tenantId, id);
      if (funnel !== null) {
        throw new Problem(409, `The saved funnel "${funnel}" has a step of this segment. Delete the funnel first.`);
      }
      await this.audit.append(sql, [recordOf(caller, { ...DELETED, id, before: toResponse(deleted) })]);
    };
    if (!isUuid(id) || !(await this.segments.delete(tenantId, id, record))) throw noSuchSegment();
  }
}

/** @throws Problem 400 */
const filterIn = (filters: object): Filter => requireFilter(filters, 'filters') as Filter;

const noSuchSegment = () => notFound('There is no segment with this id.');

const toResponse = ({ created_at, updated_at, ...segment }: SavedSegment): SavedSegmentResponse => ({
  ...segment,
  created_at: created_at.toISOString(),
  updated_at: updated_at.toISOString(),
});
