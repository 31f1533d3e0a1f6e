import { Injectable } from '@nestjs/common';
import { recordOf } from '../audit/entries/act.js';
import type { Recorder } from '../audit/entries/entry.js';
import { AuditEntryWriter } from '../audit/entries/entry-writer.js';
import { notFound } from '../platform/problem.js';
import { isUuid, uuid7 } from '../platform/uuid7.js';
import type { ErasureResponse } from './erasures.dto.js';
import { type ErasureRow, ErasuresRepository } from './erasures.repository.js';

const REQUESTED = { action: 'CREATE', message: 'Erasure of a person requested' } as const;

const NOT_COVERED = [
  'files: exports, audit archives, logs and backups made before',
  'values inside texts of other people’s events and entries, unless the whole value is the user_id',
];

@Injectable()
export class ErasuresService {
  constructor(
    private readonly erasures: ErasuresRepository,
    private readonly audit: AuditEntryWriter,
  ) {}

  async request(caller: Recorder, subject: string): Promise<ErasureResponse> {
    const id = uuid7();
    // says who asked for it and never about whom
    const record = recordOf(caller, { ...REQUESTED, resource: 'erasure', id });
    return toResponse(await this.erasures.insert(caller, id, subject, (sql) => this.audit.append(sql, [record])));
  }

  async get(tenantId: string, id: string): Promise<ErasureResponse> {
    const row = isUuid(id) ? await this.erasures.find(tenantId, id) : null;
    if (row === null) throw notFound('There is no erasure with this id.');
    return toResponse(row);
  }
}

function toResponse(row: ErasureRow): ErasureResponse {
  const done = row.state === 'completed';
  return {
    id: row.id,
    state: row.state,
    requested_at: row.requested_at.toISOString(),
    completed_at: row.completed_at?.toISOString() ?? null,
    receipt: done ? { counts: row.counts, tree_size: row.tree_size ?? 0, not_covered: NOT_COVERED } : null,
  };
}
