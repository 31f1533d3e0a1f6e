import { Injectable } from '@nestjs/common';
import { recordOf } from '../audit/entries/act.js';
import type { Recorder } from '../audit/entries/entry.js';
import { AuditEntryWriter } from '../audit/entries/entry-writer.js';
import { Database } from '../platform/database/database.js';
import { notFound, Problem } from '../platform/http/problem.js';
import { isUuid, uuid7 } from '../platform/database/uuid7.js';
import { COVERED, notCovered } from './coverage.js';
import { ErasurePreview } from './erasure-preview.js';
import type { ErasurePreviewResponse, ErasureResponse, RequestErasureDto } from './erasures/erasures.dto.js';
import { type ErasureRow, ErasuresRepository } from './erasures/erasures.repository.js';
import { SubjectHmac } from './subject/subject-hmac.js';

const REQUESTED = { action: 'CREATE', message: 'Erasure of a person requested' } as const;

const NOTHING_OF_ITS_OWN =
  'Nothing is recorded under this user_id; is it spelt right? counts says what mentions it. Send confirm: true to erase all the same.';

@Injectable()
export class ErasuresService {
  constructor(
    private readonly database: Database,
    private readonly erasures: ErasuresRepository,
    private readonly preview: ErasurePreview,
    private readonly hmac: SubjectHmac,
    private readonly audit: AuditEntryWriter,
  ) {}

  /** @throws Problem 422 for a subject without any record of its own, unless `confirm` */
  async request(caller: Recorder, { user_id, mentions, confirm }: RequestErasureDto): Promise<ErasureResponse> {
    const { tenantId } = caller;
    if (!confirm && !(await this.preview.hasOwnRecords(tenantId, user_id))) {
      const { counts, spellings, complete } = await this.preview.count(tenantId, user_id);
      const members = { counts, complete, other_spellings: spellings };
      throw new Problem(422, NOTHING_OF_ITS_OWN, {
        errors: [{ path: 'user_id', message: 'has no record of its own' }],
        members,
      });
    }
    const id = uuid7();
    // says who asked for it and never about whom
    const record = recordOf(caller, { ...REQUESTED, resource: 'erasure', id });
    const erasure = { id, subject: user_id, subjectHmac: await this.hmac.of(tenantId, user_id), mentions };
    return toResponse(await this.erasures.insert(caller, erasure, (sql) => this.audit.append(sql, [record])));
  }

  /** What an erasure would find. Nothing is changed, and nobody's name is kept. */
  async dryRun(tenantId: string, { user_id, mentions }: RequestErasureDto): Promise<ErasurePreviewResponse> {
    const { counts, spellings, complete } = await this.preview.count(tenantId, user_id);
    const known = await this.database.readInTenant(tenantId, async (sql) => {
      const subject_hmac = await this.hmac.find(sql, tenantId, user_id);
      const earlier_erasures =
        subject_hmac === null ? [] : await this.erasures.listBySubject(sql, tenantId, subject_hmac);
      return { subject_hmac, earlier_erasures };
    });
    const coverage = { covered: COVERED, not_covered: notCovered(mentions) };
    return { dry_run: true, counts, complete, other_spellings: spellings, ...known, ...coverage };
  }

  async get(tenantId: string, id: string): Promise<ErasureResponse> {
    const row = isUuid(id) ? await this.erasures.find(tenantId, id) : null;
    if (row === null) throw notFound('There is no erasure with this id.');
    return toResponse(row);
  }
}

function toResponse(row: ErasureRow): ErasureResponse {
  const { id, state, mentions, counts, subject_hmac, act_indexes, tree_size } = row;
  const receipt = {
    counts,
    mentions,
    tree_size: tree_size ?? 0,
    act_indexes,
    covered: COVERED,
    not_covered: notCovered(mentions),
  };
  return {
    id,
    state,
    subject_hmac,
    requested_at: row.requested_at.toISOString(),
    completed_at: row.completed_at?.toISOString() ?? null,
    receipt: state === 'completed' ? receipt : null,
  };
}
