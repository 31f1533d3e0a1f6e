import { Injectable } from '@nestjs/common';
import type { NewEntry } from '../../audit/entries/entry.js';
import { AuditEntryWriter } from '../../audit/entries/entry-writer.js';
import { Database } from '../../platform/database/database.js';

/** A valid sign-in. `subject` is the id of a key as access tokens name it. */
export interface Session {
  readonly id: string;
  readonly subject: string;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
}

interface SessionRow {
  id: string;
  subject: string;
  last_used_at: Date;
  expires_at: Date;
}

const KIND = 'api_key';
const COLUMNS = 'id, subject, last_used_at, expires_at';
const IS_OPEN = `expires_at > now() and last_used_at > now() - make_interval(secs => $2)`;

/** Sessions are looked up before their tenant is known, so only the system role sees them. */
@Injectable()
export class SessionsRepository {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditEntryWriter,
  ) {}

  /** Stores a session and deletes those that ended, and the oldest of its subject beyond `keep`. */
  async insert(
    session: { id: string; tokenHash: Buffer; subject: string; lifetimeSeconds: number },
    keep: number,
    record: NewEntry,
  ): Promise<void> {
    await this.database.inSystem(async (sql) => {
      await sql.query('/* sessions.purge */ delete from sessions where expires_at < now()');
      await sql.query(
        `/* sessions.trim */ delete from sessions where id in
           (select id from sessions where subject_kind = $1 and subject = $2 order by created_at desc, id desc offset $3)`,
        [KIND, session.subject, keep - 1],
      );
      await sql.query(
        `/* sessions.insert */ insert into sessions (id, token_hash, subject_kind, subject, expires_at)
         values ($1, $2, $3, $4, now() + make_interval(secs => $5))`,
        [session.id, session.tokenHash, KIND, session.subject, session.lifetimeSeconds],
      );
      await this.audit.append(sql, [record]);
    });
  }

  /** Null when there is none, or it has ended. */
  async findByToken(tokenHash: Buffer, idleSeconds: number): Promise<Session | null> {
    const { rows } = await this.database.system.query<SessionRow>(
      `/* sessions.findByToken */ select ${COLUMNS} from sessions where token_hash = $1 and ${IS_OPEN}`,
      [tokenHash, idleSeconds],
    );
    return toSession(rows[0]);
  }

  /** The ids among `ids` of sessions that have not ended. */
  async listOpen(ids: readonly string[], idleSeconds: number): Promise<string[]> {
    const { rows } = await this.database.system.query<{ id: string }>(
      `/* sessions.listOpen */ select id from sessions where id = any($1) and ${IS_OPEN}`,
      [ids, idleSeconds],
    );
    return rows.map(({ id }) => id);
  }

  async touch(id: string): Promise<void> {
    await this.database.system.query('/* sessions.touch */ update sessions set last_used_at = now() where id = $1', [
      id,
    ]);
  }

  async delete(id: string, record: NewEntry): Promise<void> {
    await this.database.inSystem(async (sql) => {
      const { rowCount } = await sql.query('/* sessions.delete */ delete from sessions where id = $1', [id]);
      if (rowCount === 1) await this.audit.append(sql, [record]);
    });
  }
}

function toSession(row: SessionRow | undefined): Session | null {
  if (row === undefined) return null;
  return { id: row.id, subject: row.subject, lastUsedAt: row.last_used_at, expiresAt: row.expires_at };
}
