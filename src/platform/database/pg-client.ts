import pg from 'pg';

type Callback = (error: Error | null, result: pg.QueryResult) => void;

/**
 * A client whose time limit ends the connection. pg's own `query_timeout` fails the query and gives the client back to
 * the pool, where the next query waits behind the one that PostgreSQL still has not answered.
 */
export class Client extends pg.Client {
  private readonly timeoutMs: number | undefined;

  constructor({ query_timeout, ...config }: pg.ClientConfig = {}) {
    super(config);
    this.timeoutMs = query_timeout;
  }

  /**
   * Accepts all forms of arguments that pg accepts. A query without an answer for `query_timeout` milliseconds ends the
   * connection.
   */
  override query(config: unknown, values?: unknown, callback?: unknown): never {
    if (typeof values === 'function') return this.query(config, undefined, values);
    if (callback !== undefined) {
      return super.query(config as string, values as unknown[], this.limit(callback as Callback)) as never;
    }
    return new Promise<pg.QueryResult>((resolve, reject) => {
      this.query(config, values, (error: Error | null, result: pg.QueryResult) =>
        error ? reject(error) : resolve(result),
      );
    }) as never;
  }

  /** @returns the callback, with the time limit */
  private limit(callback: Callback): Callback {
    if (this.timeoutMs === undefined) return callback;
    const { stream } = this.connection;
    const timer = setTimeout(() => stream.destroy(new Error('Query read timeout')), this.timeoutMs);
    return (error, result) => {
      clearTimeout(timer);
      callback(error, result);
    };
  }
}
