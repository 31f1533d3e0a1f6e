import { Injectable } from '@nestjs/common';
import type { Recorder } from '../../audit/entries/entry.js';
import { Database, type Sql } from '../../platform/database/database.js';
import { awaitHolds } from '../../audit/preservation/hold-sql.js';
import { type Hold, HoldsRepository } from '../../audit/preservation/holds.repository.js';
import { keyOf, Lease, type Leased } from '../../platform/database/lease.js';
import { uuid7 } from '../../platform/database/uuid7.js';
import type { ErasureState, MentionsPolicy } from './erasures.dto.js';
import { FIRST_ID } from '../subject/record-pages.repository.js';
import { uncountedUntil } from '../../analytics/rollups/counted-events-sql.js';

export interface ErasureRow {
  id: string;
  state: ErasureState;
  mentions: MentionsPolicy;
  subject_hmac: string;
  requested_at: Date;
  completed_at: Date | null;
  counts: Record<string, number>;
  tree_size: number | null;
  act_indexes: number[];
  subject: string | null;
  identities: string[] | null;
  in_clickhouse?: boolean | null;
}

/** The stages of an erasure, in this order; each but the first works on pages of ids. */
export const STAGES = [
  'find',
  'events',
  'contexts',
  'recall',
  'entries',
  'archives',
  'calls',
  'other',
  'latecomers',
  'rollups',
] as const;
export type Stage = (typeof STAGES)[number];

/** An erasure that this worker carries out. */
export interface ClaimedErasure extends Leased {
  subject: string;
  subjectHmac: string;
  mentions: MentionsPolicy;
  identities: string[];
  sessions: string[];
  stage: Stage;
  /** Up to which id its stage is done. */
  after: string;
  sweptAt: Date | null;
}

/** What a step records, in its own transaction. */
export interface Progress {
  stage: Stage;
  after?: string;
  counts?: Record<string, number>;
}

const COLUMNS = `id, state, mentions, subject_hmac, requested_at, completed_at, counts, tree_size::float8 as tree_size,
  act_indexes::float8[] as act_indexes, subject, identities`;

/** Of an erasure `e`: events that it changed wait for their version in ClickHouse, or for the end of older ones. */
const IN_CLICKHOUSE = `exists (
  select from clickhouse_changes c where c.tenant_id = e.tenant_id and c.changed_at <= e.swept_at)`;

const LEASE = new Lease({
  table: 'privacy_erasures',
  waiting: 'queued',
  active: 'running',
  order: 'requested_at',
  seconds: 60,
});

const CLAIM = LEASE.claim(
  'erasures.claim',
  `held.subject, held.subject_hmac as "subjectHmac", held.mentions,
   coalesce(held.identities, '{}') as identities, coalesce(held.sessions, '{}') as sessions,
   coalesce(held.stage, 'find') as stage, coalesce(held.after, '${FIRST_ID}') as after, held.swept_at as "sweptAt"`,
);

/** A legal hold forbids the step: it must not commit. */
export class ErasureHeld extends Error {}

@Injectable()
export class ErasuresRepository {
  constructor(
    private readonly database: Database,
    private readonly holds: HoldsRepository,
  ) {}

  /** @param alsoIn runs in the transaction of the request */
  insert(
    { tenantId, clientId, keyId }: Recorder,
    erasure: { id: string; subject: string; subjectHmac: string; mentions: MentionsPolicy },
    alsoIn: (sql: Sql) => Promise<void>,
  ): Promise<ErasureRow> {
    return this.database.inTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<ErasureRow>(
        `/* erasures.insert */
         insert into privacy_erasures (tenant_id, id, subject, subject_hmac, mentions, client_id, key_id)
         values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
        [tenantId, erasure.id, erasure.subject, erasure.subjectHmac, erasure.mentions, clientId, keyId],
      );
      await alsoIn(sql);
      return rows[0]!;
    });
  }

  find(tenantId: string, id: string): Promise<ErasureRow | null> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<ErasureRow>(
        `/* erasures.find */ select ${COLUMNS}, stage = 'rollups' and ${IN_CLICKHOUSE} is true as in_clickhouse
         from privacy_erasures e where tenant_id = $1 and id = $2`,
        [tenantId, id],
      );
      return rows[0] ?? null;
    });
  }

  /** Erasures of the same subject, newest first. */
  async listBySubject(sql: Sql, tenantId: string, subjectHmac: string): Promise<string[]> {
    const { rows } = await sql.query<{ id: string }>(
      `/* erasures.listBySubject */ select id from privacy_erasures
       where tenant_id = $1 and subject_hmac = $2 order by id desc limit 100`,
      [tenantId, subjectHmac],
    );
    return rows.map(({ id }) => id);
  }

  /** Legal holds that forbid an erasure, of which `identities` are known so far. */
  listHolds(
    sql: Sql,
    tenantId: string,
    { identities, mentions }: { identities: readonly string[]; mentions: MentionsPolicy },
  ): Promise<Hold[]> {
    return this.holds.listAgainstErasure(sql, tenantId, { identities, changesOthers: mentions === 'redact' });
  }

  async claim(): Promise<ClaimedErasure | null> {
    const { rows } = await this.database.system.query<ClaimedErasure>(CLAIM, [uuid7()]);
    return rows[0] ?? null;
  }

  /** Shows that the worker lives, for a step that takes longer than the lease. */
  async renew(erasure: ClaimedErasure): Promise<void> {
    await this.database.system.query(
      `/* erasures.renew */ update privacy_erasures set leased_until = ${LEASE.end} where ${LEASE.isHeld}`,
      keyOf(erasure),
    );
  }

  /** Lets go of it for a while, in which others may be carried out. */
  async putOff(erasure: ClaimedErasure, seconds = 1): Promise<void> {
    await this.database.system.query(
      `/* erasures.putOff */ update privacy_erasures
       set leased_until = clock_timestamp() + interval '1 second' * $4::integer where ${LEASE.isHeld}`,
      [...keyOf(erasure), seconds],
    );
  }

  /** @throws where it has become another worker's, or a legal hold forbids it: the step must not commit then */
  async advance(sql: Sql, erasure: ClaimedErasure, progress: Progress): Promise<void> {
    await this.refuseHeld(sql, erasure);
    const { rowCount } = await sql.query(
      `/* erasures.advance */ update privacy_erasures set leased_until = ${LEASE.end}, stage = $4, after = $5,
         counts = (select coalesce(jsonb_object_agg(key, n), '{}') from (
           select key, sum(value::bigint) as n
           from (select * from jsonb_each_text(counts) union all select * from jsonb_each_text($6::jsonb)) added
           group by key) s)
       where ${LEASE.isHeld}`,
      [...keyOf(erasure), progress.stage, progress.after ?? FIRST_ID, JSON.stringify(progress.counts ?? {})],
    );
    if (rowCount !== 1) throw new Error(`erasure ${erasure.id} is carried out by another worker`);
  }

  /** @throws ErasureHeld Until the end of the transaction no hold is ordered; whoever orders one waits for it. */
  async refuseHeld(sql: Sql, { tenantId, id, subject, identities, mentions }: ClaimedErasure): Promise<void> {
    await awaitHolds(sql);
    const holds = await this.listHolds(sql, tenantId, { identities: [subject, ...identities], mentions });
    if (holds.length > 0) throw new ErasureHeld(`erasure ${id} waits for ${holds.length} legal holds`);
  }

  async saveSubject(
    sql: Sql,
    { tenantId, id }: ClaimedErasure,
    found: { identities: readonly string[]; sessions: readonly string[] },
  ): Promise<void> {
    await sql.query(
      `/* erasures.saveSubject */ update privacy_erasures set identities = $3, sessions = $4
       where tenant_id = $1 and id = $2`,
      [tenantId, id, found.identities, found.sessions],
    );
  }

  /** From now on nothing of the subject that was accepted before is left in the events. */
  async markSwept(sql: Sql, { tenantId, id }: ClaimedErasure): Promise<void> {
    await sql.query(
      `/* erasures.markSwept */ update privacy_erasures set swept_at = clock_timestamp() where tenant_id = $1 and id = $2`,
      [tenantId, id],
    );
  }

  /** A worker may be counting a batch with what it read before the events were blank. */
  async hasUncounted({ tenantId, id }: ClaimedErasure): Promise<boolean> {
    const { rows } = await this.database.system.query(
      `/* erasures.hasUncounted */
       ${uncountedUntil('(select swept_at from privacy_erasures where tenant_id = $1 and id = $2)')}`,
      [tenantId, id],
    );
    return rows.length > 0;
  }

  /** Whether ClickHouse may still have what this erasure took away; also in files that no question reads. */
  async isInClickHouse({ tenantId, id }: ClaimedErasure): Promise<boolean> {
    const { rows } = await this.database.system.query(
      `/* erasures.isInClickHouse */ select from privacy_erasures e where e.tenant_id = $1 and e.id = $2 and ${IN_CLICKHOUSE}`,
      [tenantId, id],
    );
    return rows.length > 0;
  }

  /** Deletes whom it was about. */
  async complete(sql: Sql, { tenantId, id }: ClaimedErasure): Promise<void> {
    await sql.query(
      '/* erasures.forgetValues */ delete from privacy_erasure_values where tenant_id = $1 and erasure_id = $2',
      [tenantId, id],
    );
    await sql.query(
      `/* erasures.complete */ update privacy_erasures
       set state = 'completed', completed_at = now(), subject = null, identities = null, sessions = null, stage = null,
           after = null, claimed_by = null, leased_until = null,
           tree_size = coalesce((select tree_size from audit_trees where tenant_id = $1), 0),
           act_indexes = array(select leaf_index from audit_leaves where tenant_id = $1 and kind = 'erasure'
             and convert_from(leaf, 'UTF8')::jsonb ->> 'subject' = subject_hmac
             and leaf_index >= (select coalesce(max(e.tree_size), 0) from privacy_erasures e
               where e.tenant_id = $1 and e.subject_hmac = privacy_erasures.subject_hmac and e.state = 'completed')
             order by leaf_index)
       where tenant_id = $1 and id = $2 and state = 'running'`,
      [tenantId, id],
    );
  }
}
