import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { isUniqueViolation, type Sql } from '../platform/database/database.js';
import { serversOf } from '../platform/database/database-hosts.js';
import { compareSchema, describeSchemaFault, listMigrations } from '../platform/database/schema-version.js';
import { isUuid } from '../platform/database/uuid7.js';
import {
  ACTIVATE,
  ADD_PEPPER,
  ADVANCE_POSITIONS,
  BEGIN,
  COMMIT,
  copyIn,
  COUNT_PLATFORM_KEYS,
  EMPTY_STAGE,
  ENSURE_MONTH,
  FIND_TENANT,
  makeStage,
  moveIn,
  UNQUEUE,
} from './cells-sql.js';
import { MOVED_TABLES } from './moved-tables.js';
import { listColumns, withMovingSession } from './moving-session.js';
import {
  type FileEnd,
  type FileHeader,
  RowTally,
  startOf,
  type TableHead,
  TenantFileReader,
  TenantFileRefused,
} from './tenant-file.js';
import { checkTree } from './tree-check.js';

export interface Imported {
  tenant: FileHeader['tenant'];
  rows: number;
  tables: number;
  treeSize: number;
}

interface ImportOptions {
  /** The login that owns the tables. */
  ownerUrl: string;
  file: string;
  onTable?: (table: string, rows: number) => void;
  /** In the transaction of the import. */
  record: (sql: Sql, imported: Imported) => Promise<void>;
}

/**
 * Brings in a tenant that another installation exported, in one transaction: everything, checked, or nothing.
 * @throws TenantFileRefused
 */
export async function importTenant(options: ImportOptions): Promise<Imported> {
  const source = createReadStream(options.file);
  const content = source.pipe(createGunzip());
  source.on('error', (error) => content.destroy(error));
  try {
    const reader = new TenantFileReader(content);
    const header = await reader.readHeader();
    if (!isUuid(header.tenant.id)) throw new TenantFileRefused('The file names no tenant.');
    return await withMovingSession(serversOf(options.ownerUrl), header.tenant.id, (client) =>
      insertAll(client, { ...options, reader, header }),
    );
  } catch (error) {
    throw explain(error, options.file);
  } finally {
    content.destroy();
    source.destroy();
  }
}

function explain(error: unknown, file: string): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR') {
    return new TenantFileRefused(`${file} cannot be read: ${message}.`);
  }
  if (code === 'Z_BUF_ERROR') return new TenantFileRefused('The file ends too early: copy it again.');
  if (code.startsWith('Z_'))
    return new TenantFileRefused('The file was not written by export-tenant, or it was changed.');
  return error;
}

type Work = ImportOptions & { reader: TenantFileReader; header: FileHeader };

async function insertAll(client: pg.Client, work: Work): Promise<Imported> {
  const { header, record } = work;
  const { id, status } = header.tenant;
  await refuseOtherSchema(client, header);
  await client.query(BEGIN); // the connection ends with an error, and the transaction with it
  await refuseKnown(client, header);
  for (const month of header.months) await client.query(ENSURE_MONTH, [startOf(month)]);
  const { rows, tables } = await insertTables(client, work);
  await client.query(ADVANCE_POSITIONS);
  await refusePlatformKeys(client, id);
  for (const pepper of header.key_peppers) await client.query(ADD_PEPPER, [Buffer.from(pepper, 'base64')]);
  const imported = { tenant: header.tenant, rows, tables, treeSize: await checkTree(client, id) };
  await client.query(ACTIVATE, [id, status]);
  await record(client, imported);
  await client.query(COMMIT);
  return imported;
}

async function refuseOtherSchema(client: pg.Client, { migrations, tidemark }: FileHeader): Promise<void> {
  const fault = describeSchemaFault(await compareSchema(client));
  if (fault !== undefined) throw new TenantFileRefused(`Nothing was imported: ${fault}.`);
  const own = listMigrations().map(({ name }) => name);
  const differing = [
    ...own.filter((name) => !migrations.includes(name)),
    ...migrations.filter((name) => !own.includes(name)),
  ];
  if (differing.length === 0) return;
  throw new TenantFileRefused(
    `Nothing was imported: the file comes from version ${tidemark} with another schema (${differing.join(', ')}). ` +
      'Bring both installations to the same version and export the tenant again.',
  );
}

async function refuseKnown(client: pg.Client, { tenant }: FileHeader): Promise<void> {
  const { rows } = await client.query<{ name: string }>(FIND_TENANT, [tenant.id]);
  if (rows[0] === undefined) return;
  throw new TenantFileRefused(
    `Nothing was imported: the tenant ${tenant.id} is here already, as ${JSON.stringify(rows[0].name)}.`,
  );
}

async function refusePlatformKeys(client: pg.Client, tenantId: string): Promise<void> {
  const { rows } = await client.query<{ count: number }>(COUNT_PLATFORM_KEYS, [tenantId]);
  if (rows[0]?.count === 0) return;
  throw new TenantFileRefused(
    'Nothing was imported: the tenant has keys of the scope platform, which would open every tenant here. ' +
      'Delete them where the tenant comes from, and export it again.',
  );
}

async function insertTables(client: pg.Client, work: Work): Promise<{ rows: number; tables: number }> {
  const columns = await listColumns(client);
  const waiting = new Set(MOVED_TABLES);
  let total = 0;
  for (;;) {
    const head = await work.reader.readHead();
    if ('end' in head) return finish(head, waiting, total);
    if (!waiting.delete(head.table)) throw unreadable(`the table ${head.table} a second time, or one that never moves`);
    const known = columns.get(head.table) ?? [];
    if (head.columns.join() !== known.join()) throw unreadable(`other columns of ${head.table}`);
    const rows = await insertTable(client, head, work);
    total += rows;
    work.onTable?.(head.table, rows);
  }
}

function finish(end: FileEnd, waiting: ReadonlySet<string>, rows: number): { rows: number; tables: number } {
  if (waiting.size > 0) throw unreadable(`nothing of ${[...waiting].join(', ')}`);
  if (end.rows !== rows) throw unreadable(`${rows} rows, and should have ${end.rows}`);
  return { rows, tables: MOVED_TABLES.length };
}

async function insertTable(client: pg.Client, head: TableHead, { reader, header }: Work): Promise<number> {
  for (const statement of makeStage(head.table, head.columns)) await client.query(statement);
  if (head.table === 'audit_unsealed') await client.query(UNQUEUE, [header.tenant.id]);
  const tally = new RowTally();
  let inserted = 0;
  for await (const block of reader.readRows()) {
    tally.add(block);
    await pipeline(Readable.from([block]), client.query(copyFrom(copyIn(head.columns))));
    inserted += await moveBlock(client, head, header);
    await client.query(EMPTY_STAGE);
  }
  const [expected, found] = [await reader.readTableEnd(), tally.end()];
  if (expected.sha256 !== found.sha256 || expected.rows !== found.rows || inserted !== found.rows) {
    throw unreadable(`${inserted} of ${expected.rows} rows of ${head.table}, or others than were exported`);
  }
  return inserted;
}

async function moveBlock(client: pg.Client, { table, columns }: TableHead, { tenant }: FileHeader): Promise<number> {
  try {
    return (await client.query(moveIn(table, columns))).rowCount ?? 0;
  } catch (error) {
    if (table !== 'tenants' || !isUniqueViolation(error)) throw error;
    throw new TenantFileRefused(
      `Nothing was imported: another tenant here has the name ${JSON.stringify(tenant.name)}. Rename one of them; ` +
        'for the one of the file, where it comes from, and export it again.',
    );
  }
}

const unreadable = (what: string) =>
  new TenantFileRefused(`Nothing was imported: the file was changed, it has ${what}. Copy it again.`);
