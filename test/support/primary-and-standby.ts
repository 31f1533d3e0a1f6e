import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { QueryResultRow } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/local-postgres/embedded-postgres.js';
import { clusterDirectory } from '../../src/local-postgres/postgres-cluster.js';
import { withClient } from '../../src/local-postgres/postgres-client.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { eventually } from './eventually.js';

const DATABASE = 'tidemark';
const SMALL = { shared_buffers: '64MB', max_connections: '100' };

/** A server of {@link PrimaryAndStandby}. */
export class ReplicatedServer {
  private running: EmbeddedPostgres;

  constructor(private readonly dataDir: string) {}

  async start(settings: Record<string, string> = {}): Promise<void> {
    const options = { dataDir: this.dataDir, database: DATABASE, settings: { ...SMALL, ...settings } };
    this.running = await startEmbeddedPostgres(options);
  }

  stop(): Promise<void> {
    return this.running.stop();
  }

  /** SIGKILL, as when the machine fails. */
  kill(): void {
    process.kill(this.running.pid, 'SIGKILL');
  }

  get url(): string {
    return this.running.url;
  }

  get runtimeUrl(): string {
    return this.running.runtimeUrl;
  }

  /** As the owner of everything. */
  query<Row extends QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return withClient(this.url, async (client) => (await client.query<Row>(text, values)).rows);
  }
}

/** Two servers of PostgreSQL with the tables of Tidemark, of which the second follows the first. */
export class PrimaryAndStandby {
  private readonly folder = mkdtempSync(join(tmpdir(), 'tidemark-pair-'));
  private readonly folders = ['one', 'two'].map((name) => join(this.folder, name)) as [string, string];
  readonly primary = new ReplicatedServer(this.folders[0]);
  readonly standby = new ReplicatedServer(this.folders[1]);

  /** What makes the second follow the first. */
  replication: Record<string, string>;

  /** @param commits whether they wait for the standby */
  async start(commits: 'synchronous' | 'asynchronous' = 'synchronous'): Promise<void> {
    await this.primary.start();
    await migrate({ DATABASE_URL: this.primary.runtimeUrl, DATABASE_MIGRATION_URL: this.primary.url });
    await this.primary.stop();
    cpSync(this.folders[0], this.folders[1], { recursive: true });
    chmodSync(clusterDirectory(this.folders[1]), 0o755); // as some ways of copying leave it
    writeFileSync(join(clusterDirectory(this.folders[1]), 'standby.signal'), '');
    await this.primary.start(commits === 'synchronous' ? { synchronous_standby_names: 'standby' } : {});
    const { hostname, port, username, password } = new URL(this.primary.url);
    const conninfo = `host=${hostname} port=${port} user=${username} password=${password} application_name=standby`;
    this.replication = { primary_conninfo: conninfo };
    await this.standby.start(this.replication);
    await eventually(async () => {
      const [found] = await this.primary.query<{ state: string }>(
        'select sync_state as state from pg_stat_replication where application_name = $1',
        ['standby'],
      );
      expect(found?.state).toBe(commits === 'synchronous' ? 'sync' : 'async');
    });
  }

  async promote(): Promise<void> {
    await this.standby.query('select pg_promote()');
  }

  async stop(): Promise<void> {
    await Promise.allSettled([this.standby.stop(), this.primary.stop()]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A URL of several servers, in this order; login and database are those of the first. */
export function urlOfAll(urls: readonly string[]): string {
  const hosts = urls.map((url) => new URL(url).host);
  return `${urls[0]!.replace(hosts[0]!, hosts.join(','))}?target_session_attrs=read-write`;
}
