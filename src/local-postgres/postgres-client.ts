import pg from 'pg';
import { DATA_DIRECTORY, FIND_DATABASE } from './postgres-sql.js';
import { type Cluster, SUPERUSER } from './postgres-cluster.js';

export const HOST = '127.0.0.1';

export function databaseUrl(cluster: Cluster, port: number, database: string): string {
  return `postgresql://${SUPERUSER}:${cluster.password}@${HOST}:${port}/${encodeURIComponent(database)}`;
}

/** Whether the server on `port` belongs to this cluster and accepts our password. */
export async function answers(cluster: Cluster, port: number): Promise<boolean> {
  try {
    return await withClient(databaseUrl(cluster, port, 'postgres'), async (client) => {
      const { rows } = await client.query<{ directory: string }>(DATA_DIRECTORY);
      return rows[0]?.directory === cluster.directory;
    });
  } catch {
    return false;
  }
}

export async function ensureDatabase(cluster: Cluster, port: number, name: string): Promise<void> {
  await withClient(databaseUrl(cluster, port, 'postgres'), async (client) => {
    const found = await client.query(FIND_DATABASE, [name]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  });
}

export async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5000,
    application_name: 'tidemark-quickstart',
  });
  // A connection lost while idle is an event; without a listener it would end the process.
  client.on('error', () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end().catch(() => {});
  }
}
