import { type Sql } from './database.js';
import { APPLICATION_ROLES } from './session.js';
import { LOGIN_FACTS } from './login-sql.js';

interface LoginFacts {
  login: string;
  superuser: boolean;
  createrole: boolean;
  createdb: boolean;
  replication: boolean;
  bypassrls: boolean;
  other_roles: string[];
  owns: boolean;
  granted: boolean;
}

/** What a login must be; the start of the sentence that refuses any other. */
export const PROPER_LOGIN =
  'set DATABASE_MIGRATION_URL to the URL of the owner and DATABASE_URL to that of another login, ' +
  'which may be new, and run the migrations: they make it a member of tidemark_app and tidemark_system, and no more';

/**
 * `set role` can be taken back: anybody who manages to run SQL through the service has the rights of its login. So
 * these must not exceed those of the two application roles.
 * @param login null: that of this connection
 * @returns the rights that the login has beyond them, completing 'the login "x" …'
 */
export async function findExcessRights(sql: Sql, login: string | null = null): Promise<string[]> {
  const { rows } = await sql.query<LoginFacts>(LOGIN_FACTS, [login, APPLICATION_ROLES]);
  const facts = rows[0];
  if (facts === undefined) return [];
  if (facts.superuser) return ['is a superuser'];
  return [
    facts.owns && 'owns tables or other objects',
    facts.createrole && 'may create roles',
    facts.createdb && 'may create databases',
    facts.replication && 'may replicate the whole server',
    facts.bypassrls && 'ignores row-level security',
    facts.other_roles.length > 0 && `is a member of ${facts.other_roles.join(', ')}`,
    facts.granted && 'was granted rights of its own in this database',
  ].filter((right) => right !== false);
}
