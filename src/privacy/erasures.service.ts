import { Injectable } from '@nestjs/common';
import { recordOf } from '../audit/entries/act.js';
import type { Recorder } from '../audit/entries/entry.js';
import { AuditEntryWriter } from '../audit/entries/entry-writer.js';
import { Database } from '../platform/database/database.js';
import { notFound, Problem } from '../platform/http/problem.js';
import { isUuid, uuid7 } from '../platform/database/uuid7.js';
import { COVERED, notCovered } from './coverage.js';
import { ErasurePreview } from './erasure-preview.js';
import type {
  ErasurePreviewResponse,
  ErasureResponse,
  RequestErasureDto,
  MentionsPolicy,
} from './erasures/erasures.dto.js';
import { type ErasureRow, ErasuresRepository } from './erasures/erasures.repository.js';
import { SubjectHmac } from './subject/subject-hmac.js';

const REQUESTED = { action: 'CREATE', message: 'Erasure of a person requested' } as const;

const NOTHING_OF_ITS_OWN =
  'Nothing is recorded under this user_id; is it spelt right? counts says what mentions it. Send confirm: true to erase all the same.';

const WAITS_FOR_CLICKHOUSE =
  'ClickHouse still has copies, which are being removed. Where this takes minutes, doctor says whether it answers; start it again.';

@Injectable()
export class ErasuresService {
  constructor(
    private readonly database: Database,
    private readonly erasures: ErasuresRepository,
    private readonly preview: ErasurePreview,
    private readonly hmac: SubjectHmac,
    private readonly audit: AuditEntryWriter,
  ) {}

  /** @throws Problem 409 where a legal hold forbids it, 422 for a subject without any record, unless `confirm` */
  async request(caller: Recorder, { user_id, mentions, confirm }: RequestErasureDto): Promise<ErasureResponse> {
    const { tenantId } = caller;
    const held_by = await this.holdsOn(tenantId, { user_id, mentions });
    if (held_by.length > 0) throw new Problem(409, held(held_by, mentions), { kind: 'held', members: { held_by } });
    if (!confirm && !(await this.preview.hasOwnRecords(tenantId, user_id))) {
      const { counts, spellings, complete } = await this.preview.count(tenantId, user_id);
      const members = { counts, complete, other_spellings: spellings };
      throw new Problem(422, NOTHING_OF_ITS_OWN, {
        errors: [{ path: 'user_id', message: 'has no record of its own' }],
        members,
      });
    }
    const id = uuid7();
    // records who asked for it, never whom it is about
    const record = recordOf(caller, { ...REQUESTED, resource: 'erasure', id });
    const erasure = { id, subject: user_id, subjectHmac: await this.hmac.of(tenantId, user_id), mentions };
    const row = await this.erasures.insert(caller, erasure, (sql) => this.audit.append(sql, [record]));
    return toResponse(row, []);
  }

  /** What an erasure would find. Nothing is changed, and the user id is not stored. */
  async dryRun(tenantId: string, { user_id, mentions }: RequestErasureDto): Promise<ErasurePreviewResponse> {
    const { counts, spellings, complete } = await this.preview.count(tenantId, user_id);
    const held_by = await this.holdsOn(tenantId, { user_id, mentions });
    const known = await this.database.readInTenant(tenantId, async (sql) => {
      const subject_hmac = await this.hmac.find(sql, tenantId, user_id);
      const earlier_erasures =
        subject_hmac === null ? [] : await this.erasures.listBySubject(sql, tenantId, subject_hmac);
      return { subject_hmac, earlier_erasures };
    });
    const coverage = { covered: COVERED, not_covered: notCovered(mentions) };
    return { dry_run: true, counts, complete, other_spellings: spellings, held_by, ...known, ...coverage };
  }

  async get(tenantId: string, id: string): Promise<ErasureResponse> {
    const row = isUuid(id) ? await this.erasures.find(tenantId, id) : null;
    if (row === null) throw notFound('There is no erasure with this id.');
    const { subject, identities, mentions } = row;
    if (subject === null) return toResponse(row, []); // it is done
    return toResponse(row, await this.holdsOn(tenantId, { user_id: subject, identities: identities ?? [], mentions }));
  }

  /** Ids of the legal holds that forbid it. */
  private holdsOn(
    tenantId: string,
    { user_id, identities = [], mentions }: Pick<RequestErasureDto, 'user_id' | 'mentions'> & { identities?: string[] },
  ): Promise<string[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const holds = await this.erasures.listHolds(sql, tenantId, { identities: [user_id, ...identities], mentions });
      return holds.map(({ id }) => id);
    });
  }
}

const held = (holds: readonly string[], mentions: MentionsPolicy) =>
  `${holds.length === 1 ? 'A legal hold forbids' : `${holds.length} legal holds forbid`} this erasure; held_by names ` +
  `${holds.length === 1 ? 'it' : 'them'}. Release what no longer holds by DELETE /retention/holds/{id}` +
  `${mentions === 'redact' ? ', or ask for mentions: keep, which changes no records of others' : ''}.`;

function toResponse(row: ErasureRow, held_by: string[]): ErasureResponse {
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
    held_by,
    waits_for: row.in_clickhouse === true ? WAITS_FOR_CLICKHOUSE : null,
    receipt: state === 'completed' ? receipt : null,
  };
}
