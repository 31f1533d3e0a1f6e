import { Injectable } from '@nestjs/common';
import { AuditActs } from '../audit/proofs/audit-acts.js';
import { PERSONAL_FIELDS } from '../audit/proofs/leaf.js';
import { Database, type Sql } from '../platform/database.js';
import { type ClaimedErasure, ErasuresRepository } from './erasures.repository.js';

const EVENTS_PER_STEP = 20_000;
const ENTRIES_PER_ACT = 100_000;
const ERASED = '"[erased]"';

/**
 * Events of one stretch of ids. The subject's own lose everything personal; in those of others, values that are the
 * subject's id are replaced. Rows stay, so counts stay; the ledger's key stays, so a late retry stores nothing.
 */
const ERASE_EVENTS = `/* erasure.events */
with contexts as (
  select distinct context_id from events
  where tenant_id = $1 and id > $2 and id <= $3 and context_id is not null
    and (user_id = $4 or (user_id is null and session_id = any($5::text[])))
), unshared as (
  delete from event_contexts c
  where tenant_id = $1 and c.id in (select context_id from contexts)
    and not exists (select from events e where e.tenant_id = $1 and e.context_id = c.id and e.user_id is distinct from $4
                    and (e.user_id is not null or e.session_id is null or e.session_id <> all($5::text[])))
), own as (
  update events
  set user_id = null, session_id = null, payload = '{}', enrichment = null, event_id = id::text, context_id = null
  where tenant_id = $1 and id > $2 and id <= $3
    and (user_id = $4 or (user_id is null and session_id = any($5::text[])))
  returning id
), naming as (
  update events set payload = replace(payload::text, $6, $7)::jsonb, enrichment = replace(enrichment::text, $6, $7)::jsonb
  where tenant_id = $1 and id > $2 and id <= $3 and user_id is distinct from $4
    and not (user_id is null and session_id is not null and session_id = any($5::text[]))
    and (strpos(payload::text, $6) > 0 or strpos(enrichment::text, $6) > 0)
  returning id
), letters as (
  update failed_events f set reason = 'the subject was erased', state = 'discarded', next_retry_at = null
  where tenant_id = $1 and event_id in (select id from own) returning 1
), patches as (
  delete from event_patches where tenant_id = $1 and event_id in (select id from own union all select id from naming)
  returning 1
)
select (select count(*) from own)::int as events, (select count(*) from naming)::int as events_naming_them,
       (select count(*) from letters)::int as dead_letters, (select count(*) from patches)::int as replaced_payloads`;

/** An entry that names the subject in any personal field loses all of them. */
const NAMES_SUBJECT = `user_id = $2 or resource_id = $2 or (user_id is null and session_id = any($3::text[]))
  or idempotency_key = $2 or message ~ $4
  or strpos(before_state::text, $5) > 0 or strpos(after_state::text, $5) > 0 or strpos(metadata::text, $5) > 0`;

/** Per-user rollups; the events they were counted from name nobody any more. */
const USER_ROLLUPS = [
  { table: 'user_days', column: 'user_key', whom: 'subject' },
  { table: 'session_days', column: 'session_key', whom: 'sessions' },
] as const;

/** Removes one person from every store, in steps that may be repeated. */
@Injectable()
export class SubjectEraser {
  constructor(
    private readonly database: Database,
    private readonly erasures: ErasuresRepository,
    private readonly acts: AuditActs,
  ) {}

  /** One pass over everything that is there now. */
  async erase(erasure: ClaimedErasure): Promise<void> {
    const sessions = await this.database.inSystem((sql) => this.erasures.rememberSessions(sql, erasure));
    await this.eraseEvents({ ...erasure, sessions });
    await this.eraseEntries({ ...erasure, sessions });
    await this.step(erasure, async (sql) => {
      const segments = [...new Set([erasure.subject, encodeURIComponent(erasure.subject)])];
      const { rows } = await sql.query<{ n: number }>(
        '/* erasure.calls */ select erase_api_call_paths($1, $2)::float8 as n',
        [erasure.tenantId, segments],
      );
      return { api_calls: rows[0]?.n ?? 0 };
    });
    await this.step(erasure, (sql) => eraseRollups(sql, { ...erasure, sessions }));
  }

  private async eraseEvents(erasure: ClaimedErasure): Promise<void> {
    const { tenantId, subject, sessions } = erasure;
    let after = '00000000-0000-0000-0000-000000000000';
    for (let upTo: string | null = after; upTo !== null;) {
      const { rows } = await this.database.system.query<{ id: string | null }>(
        `/* erasure.nextEvents */ select max(id::text)::uuid as id from
         (select id from events where tenant_id = $1 and id > $2 order by id limit ${EVENTS_PER_STEP}) s`,
        [tenantId, after],
      );
      upTo = rows[0]?.id ?? null;
      if (upTo === null) return;
      const values = [tenantId, after, upTo, subject, sessions, JSON.stringify(subject), ERASED];
      await this.step(erasure, async (sql) => {
        const { rows: counted } = await sql.query<Record<string, number>>(ERASE_EVENTS, values);
        return counted[0] ?? {};
      });
      after = upTo;
    }
  }

  private async eraseEntries(erasure: ClaimedErasure): Promise<void> {
    const { tenantId, subject, sessions } = erasure;
    const word = `(^|[^[:alnum:]])${subject.replace(/[^\p{L}\p{N}]/gu, '\\$&')}([^[:alnum:]]|$)`;
    for (let erased = ENTRIES_PER_ACT; erased === ENTRIES_PER_ACT;) {
      await this.step(erasure, async (sql) => {
        erased = await this.acts.erase(sql, tenantId, {
          condition: NAMES_SUBJECT,
          values: [subject, sessions, word, JSON.stringify(subject)],
          fields: PERSONAL_FIELDS,
        });
        return { audit_entries: erased };
      });
    }
  }

  private step(erasure: ClaimedErasure, work: (sql: Sql) => Promise<Record<string, number>>): Promise<void> {
    return this.database.inSystem(async (sql) => this.erasures.addCounts(sql, erasure, await work(sql)));
  }
}

async function eraseRollups(sql: Sql, erasure: ClaimedErasure): Promise<Record<string, number>> {
  let rollups = 0;
  for (const { table, column, whom } of USER_ROLLUPS) {
    const keys = whom === 'subject' ? [erasure.subject] : erasure.sessions;
    const { rowCount } = await sql.query(
      `/* erasure.${table} */ delete from ${table}
       where tenant_id = $1 and ${column} in (select subject_key(s) from unnest($2::text[]) as s)`,
      [erasure.tenantId, keys],
    );
    rollups += rowCount ?? 0;
  }
  return { user_rollups: rollups };
}
