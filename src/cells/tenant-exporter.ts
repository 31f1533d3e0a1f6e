import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { version } from '../platform/config/version.js';
import { listKeyPeppers } from '../platform/database/installation-secrets.repository.js';
import { compareSchema, describeSchemaFault, listMigrations } from '../platform/database/schema-version.js';
import { sessionOf } from '../platform/database/session.js';
import {
  BEGIN_SNAPSHOT,
  COMMIT,
  copyOut,
  FIND_NEWER,
  FIND_NEWEST,
  hasRows,
  LIST_MONTHS,
  LIST_UNFINISHED,
} from './cells-sql.js';
import { MOVED_TABLES } from './moved-tables.js';
import { listColumns, withMovingSession } from './moving-session.js';
import { END_OF_ROWS, type FileHeader, FORMAT, lineOf, RowTally, startOf, VERSION } from './tenant-file.js';

/** Nothing was exported; the message says what to do. */
export class ExportRefused extends Error {}

export interface Exported {
  rows: number;
  tables: number;
  bytes: number;
}

interface ExportOptions {
  databaseUrl: string;
  tenant: FileHeader['tenant'];
  file: string;
  onTable?: (table: string, rows: number) => void;
}

/** Processes know within two seconds that a tenant is suspended; what they have begun is committed soon after. */
const SETTLE_MS = 3_000;
const UNFINISHED_WITHIN_MS = 60_000;
const UNFINISHED_EVERY_MS = 250;
const LEAST_ID = '00000000-0000-0000-0000-000000000000';
/** Rows shrink to a fifth at this level, and take half the time of the usual one. */
const GZIP_LEVEL = 3;
const OWNER_ONLY = 0o600;

/**
 * Writes everything of a suspended tenant to a file: one snapshot, so that all tables are of the same moment. The file
 * is there whole or not at all.
 * @throws ExportRefused
 */
export async function exportTenant(options: ExportOptions): Promise<Exported> {
  const { databaseUrl, tenant, file } = options;
  return withMovingSession(sessionOf(databaseUrl, 'tidemark_system'), tenant.id, async (client) => {
    const fault = describeSchemaFault(await compareSchema(client));
    if (fault !== undefined) throw new ExportRefused(`Nothing was exported: ${fault}.`);
    await delay(SETTLE_MS);
    await awaitFinished(client, tenant.id);
    const partial = `${file}.partial`;
    try {
      const done = await writeSnapshot(client, options, partial);
      await refuseNewer(client, tenant.id, done.newest);
      await rename(partial, file);
      const { size } = await stat(file);
      return { rows: done.rows, tables: MOVED_TABLES.length, bytes: size };
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
  });
}

async function awaitFinished(client: pg.Client, tenantId: string): Promise<void> {
  const deadline = performance.now() + UNFINISHED_WITHIN_MS;
  for (;;) {
    const { rows } = await client.query<{ what: string; count: number }>(LIST_UNFINISHED, [tenantId]);
    if (rows.length === 0) return;
    if (performance.now() > deadline) {
      const left = rows.map(({ what, count }) => `${count} ${what}`).join(', ');
      throw new ExportRefused(`Nothing was exported: the tenant still has ${left}. Is a worker running?`);
    }
    await delay(UNFINISHED_EVERY_MS);
  }
}

interface Newest {
  batch: string;
  entry: string;
}

async function writeSnapshot(client: pg.Client, { tenant, onTable }: ExportOptions, partial: string) {
  await client.query(BEGIN_SNAPSHOT);
  const { rows } = await client.query<Newest>(FIND_NEWEST, [tenant.id, LEAST_ID]);
  const header = await makeHeader(client, tenant);
  const total = { rows: 0, newest: rows[0]! }; // a select without from has one row
  const content = contentOf(client, header, (table, count) => {
    total.rows += count;
    onTable?.(table, count);
  });
  const target = createWriteStream(partial, { flags: 'w', mode: OWNER_ONLY, flush: true });
  await pipeline(content, createGzip({ level: GZIP_LEVEL }), target);
  await client.query(COMMIT);
  return total;
}

async function makeHeader(client: pg.Client, tenant: FileHeader['tenant']): Promise<FileHeader> {
  return {
    ...{ format: FORMAT, version: VERSION, tenant },
    exported_at: new Date().toISOString(),
    tidemark: version,
    migrations: listMigrations().map(({ name }) => name),
    months: await listMonths(client, tenant.id),
    key_peppers: (await listKeyPeppers(client)).map((pepper) => pepper.toString('base64')),
  };
}

async function listMonths(client: pg.Client, tenantId: string): Promise<string[]> {
  const { rows } = await client.query<{ table: string; month: string }>(LIST_MONTHS, [MOVED_TABLES]);
  const months = new Set<string>();
  for (const { table, month } of rows) {
    if (months.has(month)) continue;
    const { rows: asked } = await client.query<{ found: boolean }>(hasRows(table), [tenantId, startOf(month)]);
    if (asked[0]?.found === true) months.add(month);
  }
  return [...months].sort();
}

/** One chunk at a time: memory stays flat however much there is. */
async function* contentOf(
  client: pg.Client,
  header: FileHeader,
  onTable: (table: string, rows: number) => void,
): AsyncGenerator<Buffer> {
  yield lineOf(header);
  const columns = await listColumns(client);
  let total = 0;
  for (const table of MOVED_TABLES) {
    const head = { table, columns: columns.get(table) ?? [] };
    yield lineOf(head);
    const tally = new RowTally();
    for await (const chunk of client.query(copyTo(copyOut(table, head.columns))) as AsyncIterable<Buffer>) {
      tally.add(chunk);
      yield chunk;
    }
    yield END_OF_ROWS;
    const end = tally.end();
    yield lineOf(end);
    total += end.rows;
    onTable(table, end.rows);
  }
  yield lineOf({ end: true, tables: MOVED_TABLES.length, rows: total });
}

/** A suspended tenant takes nothing in: what came all the same would be missing in the file. */
async function refuseNewer(client: pg.Client, tenantId: string, { batch, entry }: Newest): Promise<void> {
  const { rows } = await client.query<{ found: boolean }>(FIND_NEWER, [tenantId, batch, entry]);
  if (rows[0]?.found === true) {
    throw new ExportRefused('Nothing was exported: something came in after the tenant was suspended. Run it again.');
  }
}
