import type pg from 'pg';
import { firstHost, TARGET } from '../config/database-url.js';
import { type Servers, serversOf } from './database-hosts.js';
import { Client } from './pg-client.js';
import { APPLY_SETTINGS, DESCRIBE_SESSION, FIND_PROCESS } from './server-sql.js';

/**
 * PostgreSQL roles created by the foundation migration. The login of DATABASE_URL is a member of both, and of no other.
 */
export const APPLICATION_ROLES = ['tidemark_app', 'tidemark_system'] as const;

export type DatabaseRole = (typeof APPLICATION_ROLES)[number];

/** Parameters of a session, by their names in PostgreSQL. */
export type SessionSettings = Readonly<Record<string, string>>;

/** Every commit is on disk when it is acknowledged, and timestamps are printed alike everywhere. */
const ALWAYS: SessionSettings = { synchronous_commit: 'on', timezone: 'UTC' };

/** The session is not the one that was asked for; the message says what to change. */
export class WrongSessionError extends Error {}

/**
 * How a pool connects as `role`. Role and settings travel as start-up options, which cost no round trip. A connection
 * pooler may drop them without a word, and row-level security with them, so each new session says who it is before
 * anybody may use it; one that is not `role` gets everything again by statements, and must be it then.
 */
export function sessionOf(
  databaseUrl: string,
  role: DatabaseRole,
  settings: SessionSettings = {},
): Servers & { onConnect: (client: pg.ClientBase) => Promise<void> } {
  return {
    ...serversOf(databaseUrl),
    connectionString: connectionString(databaseUrl, role, settings),
    onConnect: (client) => checkSession(client, role, settings),
  };
}

/**
 * The URL with the start-up options that fix the role and the settings: a reconnect has them as well. Of several hosts
 * it has the first.
 */
export function connectionString(databaseUrl: string, role: DatabaseRole, settings: SessionSettings = {}): string {
  const url = firstHost(databaseUrl);
  url.searchParams.delete(TARGET);
  const given = url.searchParams.get('options');
  const own = Object.entries({ role, ...ALWAYS, ...settings }).map(([name, value]) => `-c ${name}=${value}`);
  url.searchParams.set('options', [...(given === null ? [] : [given]), ...own].join(' '));
  return url.toString();
}

/** @throws WrongSessionError, or NoPrimaryError when the server must accept writes and does not */
export async function checkSession(
  client: pg.ClientBase,
  role: DatabaseRole,
  settings: SessionSettings = {},
): Promise<void> {
  const session = await describe(client);
  if (session.read_only && client instanceof Client) client.refuseReadOnly();
  if (session.role === role) return;
  const all = { ...ALWAYS, ...settings, role };
  await client.query(APPLY_SETTINGS, [Object.keys(all), Object.values(all)]);
  const { role: current } = await describe(client);
  if (current === role) return;
  throw new WrongSessionError(
    `The session of DATABASE_URL is ${current} and does not become ${role}. ${POOL_SESSIONS}`,
  );
}

/**
 * Whether each connection keeps its session, as roles, prepared statements and notifications need. A pooler that pools
 * transactions gives the session of an idle connection to another one.
 * @param idle a connection outside of a transaction
 * @param busy another one
 * @throws WrongSessionError
 */
export async function checkSessionsAreKept(idle: pg.ClientBase, busy: pg.ClientBase): Promise<void> {
  for (let round = 0; round < POOLER_ROUNDS; round++) {
    const own = await processOf(idle);
    await busy.query('begin');
    const [other, later] = [await processOf(busy), await processOf(idle)];
    await busy.query('commit');
    if (own === other || own !== later) {
      throw new WrongSessionError(
        `Statements of one connection to DATABASE_URL go to several sessions. ${POOL_SESSIONS}`,
      );
    }
  }
}

/** A pooler may hand its sessions out in turn. */
const POOLER_ROUNDS = 3;

const POOL_SESSIONS = 'Let the connection pooler in between pool sessions (pool_mode = session), or connect without it';

async function processOf(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ pid: number }>(FIND_PROCESS);
  return rows[0]!.pid; // a select without from has one row
}

async function describe(client: pg.ClientBase): Promise<{ role: string; read_only: boolean }> {
  const { rows } = await client.query<{ role: string; read_only: boolean }>(DESCRIBE_SESSION);
  return rows[0]!; // a select without from has one row
}
