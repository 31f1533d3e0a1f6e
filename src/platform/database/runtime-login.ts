import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import pg from 'pg';
import type { MigrationConfig } from '../config/config.js';
import { firstHost } from '../config/database-url.js';
import { sqlState } from './database.js';
import { APPLICATION_ROLES, sessionOf } from './session.js';
import { findExcessRights } from './login-check.js';
import { FIND_LOGIN, LIST_MISSING_ROLES, SERVER_VERSION } from './login-sql.js';
import { Client } from './pg-client.js';

export type LoginState = 'created' | 'repaired' | 'unchanged';

export interface RuntimeLogin {
  name: string;
  state: LoginState;
}

/** The migrations have run, but API and worker could not start; the message says what to do. */
class LoginError extends Error {}

interface Credentials {
  name: string;
  /** Empty: the server asks for no password, or for something else. */
  password: string;
}

/** SQLSTATEs of a change of the same role by another database of this server at the same moment. */
const MADE_MEANWHILE = new Set(['42710', '23505', 'XX000']);
const ATTEMPTS = 10;

/**
 * Creates the login of DATABASE_URL, or gives it what it lacks: both roles, and the password of the URL.
 * @param owner connected as the login of DATABASE_MIGRATION_URL
 * @returns null when both URLs have the same login
 * @throws LoginError when the owner may not, or the login has more rights than the service may have
 */
export async function ensureRuntimeLogin(owner: pg.Client, config: MigrationConfig): Promise<RuntimeLogin | null> {
  const credentials = credentialsOf(config.DATABASE_URL);
  if (config.DATABASE_MIGRATION_URL === undefined || credentials.name === '') return null;
  if (credentials.name === credentialsOf(config.DATABASE_MIGRATION_URL).name) return null;
  const excess = await findExcessRights(owner, credentials.name);
  if (excess.length > 0) {
    throw new LoginError(
      `API and worker will refuse to start as the login "${credentials.name}" of DATABASE_URL, because it ` +
        `${excess.join(', ')}. Name another login there, which may be new, and run the migrations again.`,
    );
  }
  try {
    return { name: credentials.name, state: await makeProper(owner, credentials, config.DATABASE_URL) };
  } catch (error) {
    if (sqlState(error) !== '42501') throw error; // 42501: insufficient privilege
    throw new LoginError(
      `The tables are up to date, but the owner may not make the login of DATABASE_URL (${(error as Error).message}). ` +
        `As a superuser, run this with the password of DATABASE_URL, and the migrations again:\n` +
        (await manualSql(owner, credentials.name)),
      { cause: error },
    );
  }
}

async function makeProper(owner: pg.Client, credentials: Credentials, url: string): Promise<LoginState> {
  for (let attempt = 1; ; attempt++) {
    try {
      const created = await createIfMissing(owner, credentials);
      const granted = await grantMissing(owner, credentials.name);
      if (created) return 'created';
      const renewed = await renewPassword(owner, credentials, url);
      return granted || renewed ? 'repaired' : 'unchanged';
    } catch (error) {
      if (attempt === ATTEMPTS || !MADE_MEANWHILE.has(sqlState(error) ?? '')) throw error;
    }
  }
}

async function createIfMissing(owner: pg.Client, { name, password }: Credentials): Promise<boolean> {
  const found = await owner.query(FIND_LOGIN, [name]);
  if (found.rowCount !== 0) return false;
  const secret = password === '' ? '' : ` password '${scramVerifier(password)}'`;
  await owner.query(`${createRole(name)}${secret}`);
  return true;
}

/** Only what is missing, so that migrations of several databases do not change the same role at once. */
async function grantMissing(owner: pg.Client, name: string): Promise<boolean> {
  const { rows } = await owner.query<{ role: string }>(LIST_MISSING_ROLES, [
    name,
    APPLICATION_ROLES,
    (await knowsGrantOptions(owner)) ? 'set' : 'member',
  ]);
  for (const { role } of rows) await owner.query(await grantRole(owner, role, name));
  return rows.length > 0;
}

/** When the server refuses the password of the URL, that password becomes the one of the login. */
async function renewPassword(owner: pg.Client, { name, password }: Credentials, url: string): Promise<boolean> {
  if (password === '' || !(await isPasswordRefused(url))) return false;
  await owner.query(`alter role ${pg.escapeIdentifier(name)} login password '${scramVerifier(password)}'`);
  return true;
}

async function isPasswordRefused(url: string): Promise<boolean> {
  const { connectionString, hosts } = sessionOf(url, 'tidemark_system');
  const client = new Client({ connectionString, hosts, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return false;
  } catch (error) {
    // 28P01: wrong password; 28000: may not log in. Anything else (the address cannot be reached, for example) says
    // nothing about the password.
    return ['28P01', '28000'].includes(sqlState(error) ?? '');
  } finally {
    await client.end().catch(() => undefined);
  }
}

const createRole = (name: string) =>
  `create role ${pg.escapeIdentifier(name)} login noinherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls`;

/** Since PostgreSQL 16 it is the membership that inherits or not, before that the role. */
async function grantRole(owner: pg.Client, role: string, name: string): Promise<string> {
  const options = (await knowsGrantOptions(owner)) ? ' with inherit false, set true' : '';
  return `grant ${role} to ${pg.escapeIdentifier(name)}${options}`;
}

async function knowsGrantOptions(owner: pg.Client): Promise<boolean> {
  const { rows } = await owner.query<{ version: number }>(SERVER_VERSION);
  return (rows[0]?.version ?? 0) >= 160_000;
}

/** Without the password, which must not be logged. */
async function manualSql(owner: pg.Client, name: string): Promise<string> {
  const found = await owner.query(FIND_LOGIN, [name]);
  const role =
    found.rowCount === 0
      ? `${createRole(name)} password '…'`
      : `alter role ${pg.escapeIdentifier(name)} login password '…'`;
  const grants = await Promise.all(APPLICATION_ROLES.map((granted) => grantRole(owner, granted, name)));
  return [role, ...grants].map((statement) => `  ${statement};`).join('\n');
}

function credentialsOf(url: string): Credentials {
  const { username, password } = firstHost(url);
  return { name: decodeURIComponent(username), password: decodeURIComponent(password) };
}

/**
 * What PostgreSQL stores of a password (RFC 5803), so that the password itself gets into neither the server's log nor
 * pg_stat_statements.
 */
function scramVerifier(password: string): string {
  const iterations = 4_096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const sign = (text: string) => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(sign('Client Key')).digest('base64');
  const serverKey = sign('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
