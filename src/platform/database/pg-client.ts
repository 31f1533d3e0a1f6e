import pg from 'pg';
import { cutOff, type DatabaseHost, type DatabaseHosts, NoPrimaryError } from './database-hosts.js';

type Callback = (error: Error | null, result: pg.QueryResult) => void;
type Connected = ((error: Error) => void) | ((error: null, client: pg.Client) => void);

/** SQLSTATE of a write in a session that may only read. */
const READ_ONLY = '25006';

export interface ClientConfig extends pg.ClientConfig {
  /** Of a URL that names several servers. */
  hosts?: DatabaseHosts | undefined;
}

/**
 * A client whose time limit ends the connection, and that finds the primary among several servers.
 *
 * pg's own `query_timeout` fails the query and gives the client back to the pool, where the next query waits behind the
 * one that PostgreSQL still has not answered.
 */
export class Client extends pg.Client {
  private readonly timeoutMs: number | undefined;
  private readonly hosts: DatabaseHosts | undefined;
  private at: DatabaseHost | undefined;

  constructor({ query_timeout, hosts, ...config }: ClientConfig = {}) {
    super(config);
    this.timeoutMs = query_timeout;
    this.hosts = hosts;
    if (hosts !== undefined) this.on('error', () => hosts.doubt(this.at));
  }

  override connect(): Promise<pg.Client>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.Client> | void {
    const connecting = this.hosts === undefined ? super.connect() : this.connectToPrimary(this.hosts);
    if (callback === undefined) return connecting;
    connecting.then(
      () => process.nextTick(callback, null, this),
      (error: Error) => process.nextTick(callback as (error: Error) => void, error),
    );
  }

  /**
   * What a new session found out about its server.
   * @throws NoPrimaryError when it must accept writes and does not
   */
  refuseReadOnly(): void {
    if (this.hosts === undefined) return;
    this.hosts.doubt(this.at);
    throw new NoPrimaryError('PostgreSQL accepts no writes any more; the primary is looked for again');
  }

  /**
   * Accepts all forms of arguments that pg accepts. A query without an answer for `query_timeout` milliseconds ends the
   * connection. A query that is a stream (COPY) has no end of its own to wait for, and is returned.
   */
  override query(config: unknown, values?: unknown, callback?: unknown): never {
    if (typeof (config as Partial<pg.Submittable>).submit === 'function')
      return super.query(config as pg.Submittable) as never;
    if (typeof values === 'function') return this.query(config, undefined, values);
    if (callback !== undefined) {
      return super.query(config as string, values as unknown[], this.watch(callback as Callback)) as never;
    }
    return new Promise<pg.QueryResult>((resolve, reject) => {
      this.query(config, values, (error: Error | null, result: pg.QueryResult) =>
        error ? reject(error) : resolve(result),
      );
    }) as never;
  }

  private async connectToPrimary(hosts: DatabaseHosts): Promise<pg.Client> {
    const { host, port } = (this.at = await hosts.findPrimary());
    Object.assign(this, { host, port });
    try {
      await super.connect();
    } catch (error) {
      hosts.doubt(this.at);
      throw error;
    }
    hosts.keep(this, this.at);
    return this;
  }

  /** @returns the callback, with the time limit; a session that has become read-only ends after it */
  private watch(callback: Callback): Callback {
    const { timeoutMs, hosts } = this;
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => cutOff(this, 'Query read timeout'), timeoutMs);
    return (error, result) => {
      clearTimeout(timer);
      callback(error, result);
      if ((error as { code?: string } | null)?.code !== READ_ONLY || hosts === undefined) return;
      hosts.doubt(this.at);
      cutOff(this, 'PostgreSQL accepts no writes any more; connection closed');
    };
  }
}
