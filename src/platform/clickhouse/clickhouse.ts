import { type ClickHouseClient, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';

/** The engine waits for every insert, reads the newest version of each event, and prints counts as numbers. */
const ALWAYS: ClickHouseSettings = {
  async_insert: 0,
  do_not_merge_across_partitions_select_final: 1,
  output_format_json_quote_64bit_integers: 0,
};

/** Longer than any statement of ours: each has a shorter limit. */
const REQUEST_TIMEOUT_MS = 300_000;
const DEFAULT_DATABASE = 'tidemark';

export interface StatementOptions {
  /** Values of the places `{name:Type}`. */
  parameters?: Record<string, unknown>;
  settings?: ClickHouseSettings;
  /** After so long the statement fails, here and there. */
  timeoutMs?: number;
}

/** The second engine, where CLICKHOUSE_URL names one. */
@Injectable()
export class ClickHouse implements OnApplicationShutdown {
  readonly database: string;
  readonly cluster: string | undefined;
  private readonly client: ClickHouseClient | undefined;
  private readonly questionMs: number;

  constructor(@Inject(CONFIG) config: Config) {
    this.cluster = config.CLICKHOUSE_CLUSTER;
    this.questionMs = config.CLICKHOUSE_TIMEOUT_SECONDS * 1_000;
    const url = config.CLICKHOUSE_URL === undefined ? undefined : new URL(config.CLICKHOUSE_URL);
    this.database = url === undefined || url.pathname === '/' ? DEFAULT_DATABASE : url.pathname.slice(1);
    if (url !== undefined) this.client = open(url);
  }

  get isConfigured(): boolean {
    return this.client !== undefined;
  }

  /** @returns all rows @throws ClickHouseError, or a connection error */
  async query<Row>(text: string, options: StatementOptions = {}): Promise<Row[]> {
    return limited(options.timeoutMs ?? this.questionMs, async (abort_signal, max_execution_time) => {
      const result = await this.opened.query({
        query: text,
        format: 'JSONEachRow',
        query_params: options.parameters ?? {},
        clickhouse_settings: { ...ALWAYS, max_execution_time, ...options.settings },
        abort_signal,
      });
      return result.json<Row>();
    });
  }

  async command(text: string, options: StatementOptions = {}): Promise<void> {
    await limited(options.timeoutMs ?? this.questionMs, (abort_signal) =>
      this.opened.command({
        query: text,
        query_params: options.parameters ?? {},
        clickhouse_settings: { ...ALWAYS, ...options.settings },
        abort_signal,
      }),
    );
  }

  async insert(table: string, rows: readonly unknown[], options: StatementOptions = {}): Promise<void> {
    await limited(options.timeoutMs ?? this.questionMs, (abort_signal) =>
      this.opened.insert({
        table: `${this.database}.${table}`,
        values: rows,
        format: 'JSONEachRow',
        clickhouse_settings: { ...ALWAYS, ...options.settings },
        abort_signal,
      }),
    );
  }

  /** @returns how long it took, in milliseconds @throws where it gives no answer */
  async ping(): Promise<number> {
    const start = performance.now();
    const answer = await this.opened.ping();
    if (!answer.success) throw answer.error;
    return performance.now() - start;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client?.close();
  }

  private get opened(): ClickHouseClient {
    if (this.client === undefined) throw new Error('CLICKHOUSE_URL is not set.');
    return this.client;
  }
}

/** The database need not be there yet, so the client does not name it; statements do. */
function open(url: URL): ClickHouseClient {
  return createClient({
    url: url.origin,
    username: url.username === '' ? 'default' : decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    application: 'tidemark',
    compression: { request: true, response: true },
    request_timeout: REQUEST_TIMEOUT_MS,
    use_multipart_params_auto: true, // values of a large filter are longer than an address may be
    log: { level: ClickHouseLogLevel.OFF }, // it would print statements with their values
  });
}

async function limited<T>(timeoutMs: number, work: (signal: AbortSignal, seconds: number) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    return await work(signal, Math.ceil(timeoutMs / 1_000));
  } catch (error) {
    if (signal.aborted) throw new Error(`ClickHouse gave no answer within ${timeoutMs / 1_000} s`, { cause: error });
    throw error;
  }
}
