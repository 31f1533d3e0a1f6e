import type pg from 'pg';
import type { Servers } from '../platform/database/database-hosts.js';
import { Client } from '../platform/database/pg-client.js';
import { APPLY, LIST_COLUMNS, SET_MOVED, SETTINGS } from './cells-sql.js';
import { MOVED_TABLES } from './moved-tables.js';

/** A connection of its own, without limits of time: a large tenant takes a while. */
export async function withMovingSession<T>(
  { onConnect, ...servers }: Servers & { onConnect?: (client: pg.Client) => Promise<void> },
  tenantId: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client: pg.Client = new Client({ ...servers, connectionTimeoutMillis: 5_000, keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await onConnect?.(client);
    await client.query(APPLY, [Object.keys(SETTINGS), Object.values(SETTINGS)]);
    await client.query(SET_MOVED, [tenantId]);
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The columns of each table that moves. */
export async function listColumns(client: pg.Client): Promise<Map<string, string[]>> {
  const { rows } = await client.query<{ table: string; columns: string[] }>(LIST_COLUMNS, [MOVED_TABLES]);
  return new Map(rows.map(({ table, columns }) => [table, columns]));
}
