import { Injectable } from '@nestjs/common';
import type { Recorder } from '../audit/entries/entry.js';
import { Database, type Sql } from '../platform/database.js';
import type { ErasureState } from './erasures.dto.js';

export interface ErasureRow {
  id: string;
  state: ErasureState;
  requested_at: Date;
  completed_at: Date | null;
  counts: Record<string, number>;
  tree_size: number | null;
}

/** An erasure that this worker carries out. */
export interface ClaimedErasure {
  id: string;
  tenantId: string;
  subject: string;
  sessions: string[];
  startedAt: Date;
}

const COLUMNS = 'id, state, requested_at, completed_at, counts, tree_size::float8 as tree_size';

/** A worker that shows no sign of life for a minute has lost it to the next. Doing a step twice changes nothing. */
const CLAIM = `/* erasures.claim */
update privacy_erasures p
set state = 'running', claimed_at = now(), started_at = coalesce(p.started_at, now())
from (select tenant_id, id from privacy_erasures
      where state = 'queued' or (state = 'running' and claimed_at < now() - interval '1 minute')
      order by requested_at limit 1 for update skip locked) next
where p.tenant_id = next.tenant_id and p.id = next.id
returning p.id, p.tenant_id as "tenantId", p.subject, coalesce(p.sessions, '{}') as sessions, p.started_at as "startedAt"`;

@Injectable()
export class ErasuresRepository {
  constructor(private readonly database: Database) {}

  /** @param alsoIn runs in the transaction of the request */
  insert(
    { tenantId, clientId, keyId }: Recorder,
    id: string,
    subject: string,
    alsoIn: (sql: Sql) => Promise<void>,
  ): Promise<ErasureRow> {
    return this.database.inTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<ErasureRow>(
        `/* erasures.insert */ insert into privacy_erasures (tenant_id, id, subject, client_id, key_id)
         values ($1, $2, $3, $4, $5) returning ${COLUMNS}`,
        [tenantId, id, subject, clientId, keyId],
      );
      await alsoIn(sql);
      return rows[0]!;
    });
  }

  find(tenantId: string, id: string): Promise<ErasureRow | null> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<ErasureRow>(
        `/* erasures.find */ select ${COLUMNS} from privacy_erasures where tenant_id = $1 and id = $2`,
        [tenantId, id],
      );
      return rows[0] ?? null;
    });
  }

  async claim(): Promise<ClaimedErasure | null> {
    const { rows } = await this.database.system.query<ClaimedErasure>(CLAIM);
    return rows[0] ?? null;
  }

  /** The subject's sessions, found while its events still name it: what it did before it signed in hangs on them. */
  async rememberSessions(sql: Sql, { tenantId, id, subject }: ClaimedErasure): Promise<string[]> {
    const { rows } = await sql.query<{ sessions: string[] }>(
      `/* erasures.rememberSessions */ update privacy_erasures set sessions = (
         select coalesce(array_agg(distinct s), '{}') from (
           select unnest(coalesce(sessions, '{}')) as s
           union select session_id from events where tenant_id = $1 and user_id = $3 and session_id is not null
           union select session_id from audit_entries where tenant_id = $1 and user_id = $3 and session_id is not null) found)
       where tenant_id = $1 and id = $2 returning sessions`,
      [tenantId, id, subject],
    );
    return rows[0]?.sessions ?? [];
  }

  /** Adds to the counts of the receipt, in the transaction of the step that counted. Shows that the worker lives. */
  async addCounts(sql: Sql, { tenantId, id }: ClaimedErasure, counts: Record<string, number>): Promise<void> {
    await sql.query(
      `/* erasures.addCounts */ update privacy_erasures set claimed_at = now(), counts = (
         select coalesce(jsonb_object_agg(key, n), '{}') from (
           select key, sum(value::bigint) as n
           from (select * from jsonb_each_text(counts) union all select * from jsonb_each_text($3::jsonb)) added group by key) s)
       where tenant_id = $1 and id = $2`,
      [tenantId, id, JSON.stringify(counts)],
    );
  }

  /** Batches taken in before the erasure began may still carry the subject into the rollups. */
  async hasUncounted({ tenantId, startedAt }: ClaimedErasure): Promise<boolean> {
    const { rows } = await this.database.system.query(
      `/* erasures.hasUncounted */ select from ingest_batches
       where tenant_id = $1 and status = 'queued' and received_at <= $2 limit 1`,
      [tenantId, startedAt],
    );
    return rows.length > 0;
  }

  async complete(sql: Sql, { tenantId, id }: ClaimedErasure): Promise<void> {
    await sql.query(
      `/* erasures.complete */ update privacy_erasures
       set state = 'completed', completed_at = now(), subject = null, sessions = null,
           tree_size = coalesce((select tree_size from audit_trees where tenant_id = $1), 0)
       where tenant_id = $1 and id = $2 and state = 'running'`,
      [tenantId, id],
    );
  }
}
