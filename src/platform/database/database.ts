import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { CONFIG, type Config } from '../config/config.js';
import { readJson } from '../json/json-text.js';
import { noteAsOf } from './as-of.js';
import { Client } from './pg-client.js';
import { Replica } from './replica.js';
import { SET_TENANT } from './server-sql.js';
import { checkSessionsAreKept, type DatabaseRole, type SessionSettings, sessionOf } from './session.js';
import { TenantShares } from './tenant-shares.js';

/** What the SQL of a repository needs: one statement with parameters in, rows out. */
export interface Sql {
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<pg.QueryResult<Row>>;
  query<Row extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
}

interface PoolOptions {
  name: string;
  /** Without it: DATABASE_URL. */
  url?: string;
  role: DatabaseRole;
  max: number;
  statementTimeoutMs: number;
  pipeline?: boolean;
  settings?: SessionSettings;
}

/** Types json and jsonb. */
const JSON_TYPES = new Set([114, 3802]);

/** As pg reads values, but for JSON, whose numbers keep all their digits. */
const getTypeParser: pg.CustomTypesConfig['getTypeParser'] = (oid, format) =>
  JSON_TYPES.has(oid) && format !== 'binary' ? readJson : (pg.types.getTypeParser(oid, format) as unknown);

/** Their statements are prepared and use keys: planning them anew for each set of parameters would cost most. */
const GENERIC_PLANS = { plan_cache_mode: 'force_generic_plan' };

/** A plan made while a table was small would go on reading all of it. Ingest never needs to read a whole table. */
const BY_KEY = { enable_seqscan: 'off' };

/** Compiling a large statement takes longer than answering from rollups. */
const NO_JIT = { jit: 'off' };

/** A query takes one core, so that ingest has another. */
const ONE_CORE = { max_parallel_workers_per_gather: '0' };

/**
 * Three pools, so that no kind of work starves another:
 * - `ingest` (tidemark_system): group commits only.
 * - `query` (tidemark_app): everything read for one tenant, under row-level security; see {@link Database.inTenant}.
 * - `system` (tidemark_system): workers and upkeep, which span tenants.
 *
 * And one separate connection, `health`, so that probes neither wait for other work nor fail because of it; with
 * DATABASE_REPLICA_URL another pool like `query`, at the replica.
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  private readonly logger = new Logger(Database.name);
  readonly ingest: pg.Pool;
  readonly query: pg.Pool;
  readonly system: pg.Pool;
  readonly health: pg.Pool;
  /** Undefined without DATABASE_REPLICA_URL. */
  readonly replica: Replica | undefined;
  private readonly shares: TenantShares;
  private readonly replicaShares: TenantShares;

  constructor(@Inject(CONFIG) private readonly config: Config) {
    const size = config.DB_POOL_SIZE;
    const ingestSize = Math.max(1, Math.floor(size / 8));
    const systemSize = Math.max(1, Math.floor(size / 4));
    const querySize = size - ingestSize - systemSize;
    this.ingest = this.createPool({
      name: 'ingest',
      role: 'tidemark_system',
      max: ingestSize,
      statementTimeoutMs: 15_000,
      settings: { ...GENERIC_PLANS, ...BY_KEY },
    });
    this.system = this.createPool({
      name: 'system',
      role: 'tidemark_system',
      max: systemSize,
      statementTimeoutMs: 60_000,
      settings: GENERIC_PLANS,
    });
    const reads = {
      role: 'tidemark_app',
      max: querySize,
      statementTimeoutMs: 10_000,
      pipeline: true,
      settings: { ...NO_JIT, ...ONE_CORE },
    } as const;
    this.query = this.createPool({ name: 'query', ...reads });
    this.health = this.createPool({ name: 'health', role: 'tidemark_app', max: 1, statementTimeoutMs: 2_000 });
    this.shares = new TenantShares(querySize);
    this.replicaShares = new TenantShares(querySize);
    const { DATABASE_REPLICA_URL: replicaUrl, REPLICA_MAX_LAG_SECONDS: maxLag } = config;
    if (replicaUrl === undefined) return;
    const replicaPool = this.createPool({ name: 'replica', url: replicaUrl, ...reads });
    this.replica = new Replica(replicaPool, this.health, maxLag * 1_000);
  }

  /**
   * Runs `work` in one transaction that sees only the rows of `tenantId`.
   * The opening statements travel with the first one of `work`, in one round trip.
   */
  async inTenant<T>(tenantId: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    return inShare(this.shares, tenantId, async (leave) => {
      const client = await this.query.connect();
      const result = await openInTenant(client, 'begin', tenantId, work);
      await commit(client);
      leave();
      return result;
    });
  }

  /** The same for reads: the result need not wait for the transaction to end. */
  readInTenant<T>(tenantId: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    return readFrom(this.query, this.shares, tenantId, work);
  }

  /**
   * The same for what may be some seconds old: on the replica, or on the primary when there is none, or it is down or
   * lags too much. `work` may run twice.
   */
  async readOnReplica<T>(tenantId: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    const { replica } = this;
    const asOf = await replica?.asOf();
    if (replica === undefined || asOf === undefined) return this.readInTenant(tenantId, work);
    try {
      const result = await readFrom(replica.pool, this.replicaShares, tenantId, work);
      noteAsOf(asOf);
      return result;
    } catch (error) {
      // 40001: the standby has cancelled it, for rows that the primary has removed.
      if (!isConnectionError(error) && sqlState(error) !== '40001') throw error;
      replica.leave(error as Error);
      return this.readInTenant(tenantId, work);
    }
  }

  /** How often a read waited because its tenant held its share of its pool. */
  get shareWaits(): number {
    return this.shares.waits + this.replicaShares.waits;
  }

  /** Runs `work` in one transaction on the system pool. */
  async inSystem<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await this.system.connect();
    const result = await endOnError(client, async () => {
      await client.query('begin');
      return work(client);
    });
    await commit(client);
    return result;
  }

  /** @throws WrongSessionError when a pooler in between does not keep sessions apart */
  async checkSessions(): Promise<void> {
    const idle = await this.health.connect();
    try {
      const busy = await this.system.connect();
      await endOnError(busy, () => checkSessionsAreKept(idle, busy));
      busy.release();
    } finally {
      idle.release();
    }
  }

  /** After HTTP has drained and the workers have stopped: nothing uses the pools any more. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.pools.map(([, pool]) => pool.end()));
  }

  /** Each with its name. */
  get pools(): [string, pg.Pool][] {
    const { ingest, query, system, health, replica } = this;
    return Object.entries({ ingest, query, system, health, ...(replica && { replica: replica.pool }) });
  }

  private createPool(options: PoolOptions): pg.Pool {
    const timeouts = {
      statement_timeout: String(options.statementTimeoutMs),
      idle_in_transaction_session_timeout: '30000',
    };
    const pool = new pg.Pool({
      ...sessionOf(options.url ?? this.config.DATABASE_URL, options.role, { ...timeouts, ...options.settings }),
      application_name: `tidemark-${options.name}`,
      max: options.max,
      connectionTimeoutMillis: 2_000,
      idleTimeoutMillis: 30_000,
      query_timeout: options.statementTimeoutMs + 2_000,
      keepAlive: true,
      Client,
      types: { getTypeParser },
      ...(options.pipeline === true ? { pipeline: true } : {}),
    });
    return surviveConnectionErrors(pool, (error) => this.logger.warn(`${options.name} pool: ${error.message}`));
  }
}

/**
 * Runs a statement of the query pool with a plan that is made once per connection. Planning is half the time of an
 * answer from rollups, and most of it where the search index finds nothing. Only for statements that use keys whatever
 * their parameters are, because nobody looks at the plan again. Sequential scans are off, since a plan made while the
 * tables were small would read all of them. Sorting in order to group is off, since a planner that cannot see how short
 * the ranges are finds it as good as hashing (5 ms instead of 4). Everything travels in one round trip.
 */
export async function queryByKey<Row extends pg.QueryResultRow>(
  sql: Sql,
  statement: pg.QueryConfig & { name: string },
): Promise<Row[]> {
  const [, { rows }] = await Promise.all([
    sql.query(
      'set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off; set local enable_sort = off',
    ),
    sql.query<Row>(statement),
    sql.query('set local plan_cache_mode = auto; set local enable_seqscan = on; set local enable_sort = on'),
  ]);
  return rows;
}

/**
 * Without a handler on the pool, an idle connection that is lost ends the process; without one on the client, a
 * checked-out connection that is lost does. The query in flight still rejects, so no error is hidden.
 */
export function surviveConnectionErrors(pool: pg.Pool, report: (error: Error) => void): pg.Pool {
  pool.on('error', report);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

async function readFrom<T>(
  pool: pg.Pool,
  shares: TenantShares,
  tenantId: string,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  return inShare(shares, tenantId, async (leave) => {
    const client = await pool.connect();
    const result = await openInTenant(client, 'begin read only', tenantId, work);
    commit(client).then(leave, leave); // nothing is lost with it
    return result;
  });
}

/** @param work calls `leave` when its connection is back; when it fails, `leave` is called for it */
async function inShare<T>(shares: TenantShares, tenantId: string, work: (leave: () => void) => Promise<T>): Promise<T> {
  await shares.enter(tenantId);
  const leave = () => shares.leave(tenantId);
  try {
    return await work(leave);
  } catch (error) {
    leave();
    throw error;
  }
}

async function openInTenant<T>(
  client: pg.PoolClient,
  begin: string,
  tenantId: string,
  work: (sql: Sql) => Promise<T>,
): Promise<T> {
  return endOnError(client, async () => {
    const opened = Promise.all([client.query(begin), client.query(SET_TENANT, [tenantId])]);
    const [result] = await Promise.all([work(client), opened]);
    return result;
  });
}

async function commit(client: pg.PoolClient): Promise<void> {
  await endOnError(client, () => client.query('commit'));
  client.release();
}

/** Gives the client back when `work` fails. */
async function endOnError<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    client.release(await rollBack(client, error));
    throw error;
  }
}

/** @returns the error with which the client must be thrown away, or undefined when it can be used again */
async function rollBack(client: pg.PoolClient, cause: unknown): Promise<Error | undefined> {
  if (isConnectionError(cause)) return cause as Error;
  try {
    await client.query('rollback');
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** An error from another thread, restored so that {@link sqlState} and {@link isConnectionError} recognise it. */
export function databaseError(message: string, state: string | undefined, code?: string): Error {
  if (state === undefined) return Object.assign(new Error(message), code === undefined ? {} : { code });
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code: state });
}

/** SQLSTATE of an error that PostgreSQL answered, else undefined. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Whether a row was refused because a unique index has one like it. */
export const isUniqueViolation = (error: unknown): boolean => sqlState(error) === '23505';

/** True when the database is away or going away: nothing is wrong with the statement, trying later may work. */
export function isConnectionError(error: unknown): boolean {
  const state = sqlState(error);
  if (state !== undefined) {
    // 08 connection, 53 out of resources, 57P0x shutting down or starting up, 58 system error
    return /^(08|53|57P0|58)/.test(state) || state === '25006';
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && /^(E[A-Z]+)$/.test(code)) return true;
  return /connection|timeout|not queryable|client was closed|pool after calling end/i.test(message);
}
