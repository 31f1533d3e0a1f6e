import pg from 'pg';
import { eventually, sleep } from './waiting.mjs';

/** Looks into PostgreSQL as its superuser, past row-level security and past the product. */
export class Observer {
  /** @param {string} url */
  constructor(url) {
    this.pool = new pg.Pool({ connectionString: url, max: 2, application_name: 'faults-observer' });
    this.pool.on('error', () => undefined); // idle connections die with a killed server
    this.pool.on('connect', (client) => client.on('error', () => undefined));
  }

  /** @returns {Promise<any[]>} rows */
  async query(text, values = []) {
    return (await this.pool.query(text, values)).rows;
  }

  async countQueued() {
    const [row] = await this.query(`select count(*)::int as n from ingest_batches where status = 'queued'`);
    return row.n;
  }

  /**
   * When workers are back: everything that waits now is processed, and so is something that was begun from now on.
   * @returns {Promise<number>} seconds until then
   */
  async timeUntilProcessed(timeoutMs) {
    const start = performance.now();
    const [{ at, ids }] = await this.query(
      `select clock_timestamp()::text as at, array(select id from ingest_batches where status = 'queued')::text[] as ids`,
    );
    for (const deadline = start + timeoutMs; performance.now() < deadline; await sleep(50)) {
      const [{ done }] = await this.query(
        `select not exists (select from ingest_batches where id = any($1::uuid[]) and status = 'queued')
            and exists (select from ingest_batches where processed_at >= $2::timestamptz) as done`,
        [ids, at],
      );
      if (done) break;
    }
    return (performance.now() - start) / 1_000;
  }

  /** @returns {Promise<boolean>} whether a batch that arrives from now on is processed at once */
  async seesPromptBatch(timeoutMs) {
    const [{ at }] = await this.query('select clock_timestamp()::text as at');
    const isSeen = async () => {
      const rows = await this.query(
        `select from ingest_batches where received_at >= $1::timestamptz and processed_at < received_at + interval '1 second'
         limit 1`,
        [at],
      );
      return rows.length > 0;
    };
    return (await eventually(isSeen, timeoutMs, 100)) ?? false;
  }

  async end() {
    await this.pool.end();
  }
}
