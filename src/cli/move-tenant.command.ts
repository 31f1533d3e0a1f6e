import { statSync } from 'node:fs';
import { join } from 'node:path';
import { recordOf } from '../audit/entries/act.js';
import { AuditEntryWriter } from '../audit/entries/entry-writer.js';
import { type Exported, ExportRefused, exportTenant } from '../cells/tenant-exporter.js';
import { type Imported, importTenant } from '../cells/tenant-importer.js';
import type { Config } from '../platform/config/config.js';
import { migrationUrl } from '../platform/database/data-source-options.js';
import { Database, type Sql } from '../platform/database/database.js';
import { DEFAULT_TENANT_ID } from '../platform/http/principal.js';
import type { Tenant, TenantStatus } from '../tenants/tenant.entity.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { AuditWritingModule } from '../audit/entries/audit-writing.module.js';
import { inApplication } from './cli.module.js';
import { asCommandLine } from './command-line.js';
import { type OutputOptions, print, UsageError } from './output.js';

export interface ExportTenantOptions extends OutputOptions {
  out?: string;
}

const OPERATOR = asCommandLine(DEFAULT_TENANT_ID);

/** The tenant stays suspended: what came in afterwards would be missing where it goes. */
export async function exportTenantTo(config: Config, asked: string, { out, json }: ExportTenantOptions): Promise<void> {
  if (out === undefined) throw new UsageError('Give --out=…, a file that is not there yet, or a folder.');
  const { tenant, file, done } = await inApplication(config, [AuditWritingModule], async (app) => {
    const tenants = app.get(TenantsService);
    const tenant = await tenants.getByIdOrName(asked);
    if (tenant.id === DEFAULT_TENANT_ID) {
      throw new ExportRefused('The tenant "default" cannot move: every installation has its own.');
    }
    const file = fileOf(out, tenant);
    const setStatus = (status: TenantStatus) => tenants.update(tenant.id, { status }, OPERATOR);
    if (tenant.status === 'active') await setStatus('suspended');
    try {
      const { id, name, status } = tenant;
      const onTable = reporter(json);
      const done = await exportTenant({
        databaseUrl: config.DATABASE_URL,
        tenant: { id, name, status },
        file,
        onTable,
      });
      await app.get(AuditEntryWriter).append(app.get(Database).system, [exportRecord(tenant, done)]);
      return { tenant, file, done };
    } catch (error) {
      if (tenant.status === 'active') await setStatus('active');
      throw error;
    }
  });
  const text =
    `Exported ${tenant.name} (${tenant.id}): ${done.rows} rows of ${done.tables} tables, ${done.bytes} bytes, to ${file}.\n` +
    'It stays suspended here. Bring it in elsewhere with import-tenant, copy the files of its archives, and point its ' +
    'clients there; the file holds all of its data, so delete it then.';
  print(json, { tenant_id: tenant.id, file, ...done }, text);
}

function fileOf(out: string, { id }: Tenant): string {
  const found = statSync(out, { throwIfNoEntry: false });
  const file = found?.isDirectory() === true ? join(out, `tenant-${id}.tidemark.gz`) : out;
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return file;
  throw new UsageError(`${file} is there already. Give --out=… another name.`);
}

const exportRecord = ({ id, name }: Tenant, { rows }: Exported) =>
  recordOf(OPERATOR, {
    ...{ action: 'VIEW', resource: 'tenant', id, message: 'Tenant exported' },
    metadata: { name, rows },
  });

export async function importTenantFrom(config: Config, file: string, { json }: OutputOptions): Promise<void> {
  const imported = await inApplication(config, [AuditWritingModule], (app) =>
    importTenant({
      ...{ ownerUrl: migrationUrl(config), file, onTable: reporter(json) },
      record: (sql: Sql, done) => app.get(AuditEntryWriter).append(sql, [importRecord(done)]),
    }),
  );
  const { tenant, rows, tables, treeSize } = imported;
  const text =
    `Imported ${tenant.name} (${tenant.id}): ${rows} rows of ${tables} tables; the audit tree of ${treeSize} leaves ` +
    `verifies. It is ${tenant.status}, and its keys work here.`;
  const { id: tenant_id, name, status } = tenant;
  print(json, { tenant_id, name, status, rows, tables, tree_size: treeSize }, text);
}

const importRecord = ({ tenant: { id, name, status }, rows, treeSize }: Imported) =>
  recordOf(OPERATOR, {
    ...{ action: 'CREATE', resource: 'tenant', id, message: 'Tenant imported' },
    after: { name, status },
    metadata: { rows, tree_size: treeSize },
  });

/** One line for each table that had rows. */
const reporter = (json: boolean) => (table: string, rows: number) => {
  if (!json && rows > 0) process.stdout.write(`${table}: ${rows}\n`);
};
