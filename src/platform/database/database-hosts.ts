import { Logger } from '@nestjs/common';
import pg from 'pg';
import { changeDatabaseUrl, firstHost, listHosts, TARGET } from '../config/database-url.js';
import { IS_READ_ONLY } from './server-sql.js';

/** One of the servers that a URL names. */
export interface DatabaseHost {
  host: string;
  port: number;
  url: string;
}

/** No server of the URL accepts writes now, but one may at any moment: trying later may work. */
export class NoPrimaryError extends Error {
  readonly code = 'ENOPRIMARY';
}

/** The rest of the time that a pool gives a connection is for the connection itself. */
const LOOK_MS = 1_000;
const ANSWER_MS = 500;
/** Everybody who asks within this time after a search that found nothing gets its outcome. */
const PAUSE_MS = 200;

/**
 * The servers of a URL that names several, and which of them accepts writes: a primary and the standbys that may be
 * promoted in its place. The one found last is used without asking, until something makes it doubtful: a connection to
 * it that is lost or refused, or a session that has become read-only. Then all are asked at once, and the first of
 * the URL that accepts writes is taken, unless the last one still does. Connections to any other are cut off: a primary
 * that was demoted, or that the network hides, would answer late, with old rows, or never.
 */
export class DatabaseHosts {
  private readonly logger = new Logger('Database');
  private readonly clients = new Map<pg.Client, DatabaseHost>();
  private current: DatabaseHost | undefined;
  private isDoubtful = true;
  private search: Promise<DatabaseHost> | undefined;

  constructor(private readonly hosts: readonly DatabaseHost[]) {}

  /** The server to connect to. @throws NoPrimaryError */
  findPrimary(): Promise<DatabaseHost> {
    if (this.current !== undefined && !this.isDoubtful) return Promise.resolve(this.current);
    if (this.search === undefined) {
      this.search = this.look();
      const forget = () => (this.search = undefined);
      this.search.then(forget, () => setTimeout(forget, PAUSE_MS).unref());
    }
    return this.search;
  }

  /** From now on `client` is cut off when another server takes over. */
  keep(client: pg.Client, host: DatabaseHost): void {
    this.clients.set(client, host);
    client.once('end', () => this.clients.delete(client));
  }

  /** Something is wrong with `host`: the next connection asks first. */
  doubt(host: DatabaseHost | undefined): void {
    if (host === this.current) this.isDoubtful = true;
  }

  private async look(): Promise<DatabaseHost> {
    const faults = await Promise.all(this.hosts.map((host) => findFault(host)));
    const writable = this.hosts.filter((_host, n) => faults[n] === null);
    const found = writable.find((host) => host === this.current) ?? writable[0];
    if (found === undefined) throw explain(this.hosts, faults);
    this.use(found);
    return found;
  }

  private use(found: DatabaseHost): void {
    if (this.current !== undefined && found !== this.current) {
      this.logger.warn(`PostgreSQL on ${nameOf(found)} accepts the writes now, instead of ${nameOf(this.current)}`);
    }
    this.current = found;
    this.isDoubtful = false;
    for (const [client, host] of this.clients) {
      if (host !== found) cutOff(client, `PostgreSQL on ${nameOf(host)} is no longer the primary; connection closed`);
    }
  }
}

/** What makes a connection to a URL: pools take it with the class Client. */
export interface Servers {
  /** Of the first one, when there are several. */
  connectionString: string;
  /** Undefined: one server, which need not accept writes. */
  hosts: DatabaseHosts | undefined;
}

/** Those of each URL, so that what one connection finds out is known to all of this process. */
const known = new Map<string, DatabaseHosts>();

/** Several hosts, or `target_session_attrs=read-write`: only a server that accepts writes will do. */
export function serversOf(databaseUrl: string): Servers {
  const { searchParams } = firstHost(databaseUrl);
  const all = listHosts(changeDatabaseUrl(databaseUrl, (url) => url.searchParams.delete(TARGET)));
  const [connectionString] = all;
  if (all.length === 1 && !searchParams.has(TARGET)) return { connectionString: databaseUrl, hosts: undefined };
  const hosts = known.get(databaseUrl) ?? new DatabaseHosts(all.map(hostOf));
  known.set(databaseUrl, hosts);
  return { connectionString, hosts };
}

/** Ends the connection, whatever it waits for. */
export function cutOff(client: pg.Client, why: string): void {
  client.connection.stream.destroy(new Error(why));
}

function hostOf(url: string): DatabaseHost {
  const { host, port } = new pg.Client({ connectionString: url });
  return { host, port, url };
}

const nameOf = ({ host, port }: DatabaseHost): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Null: the server accepts writes. */
async function findFault({ url }: DatabaseHost): Promise<Error | null> {
  const options = { connectionString: url, connectionTimeoutMillis: LOOK_MS, query_timeout: ANSWER_MS };
  const client = new pg.Client({ ...options, application_name: 'tidemark-find-primary' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ read_only: boolean }>(IS_READ_ONLY);
    return rows[0]?.read_only === false ? null : new Error('it accepts no writes');
  } catch (error) {
    return error as Error;
  } finally {
    client.end().catch(() => undefined); // not waited for: a server that hangs never says goodbye
  }
}

/** The error of a server that refuses the login, which an operator must mend, else one for all of them. */
function explain(hosts: readonly DatabaseHost[], faults: readonly (Error | null)[]): Error {
  const refusal = faults.find((fault) => fault instanceof pg.DatabaseError && /^(28|3D)/.test(fault.code ?? ''));
  if (refusal instanceof Error) return refusal;
  const each = hosts.map((host, n) => `${nameOf(host)}: ${faults[n]?.message}`);
  return new NoPrimaryError(`no PostgreSQL accepts writes (${each.join('; ')})`);
}
