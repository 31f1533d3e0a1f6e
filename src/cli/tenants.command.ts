import type { Config } from '../platform/config/config.js';
import { DEFAULT_TENANT_ID } from '../platform/http/principal.js';
import { TenantResponse } from '../tenants/tenants.dto.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { inApplication } from './cli.module.js';
import { asCommandLine } from './command-line.js';
import { minuteOf, type OutputOptions, print, table, UsageError } from './output.js';

export interface CreateTenantOptions extends OutputOptions {
  name?: string;
}

export async function createTenant(config: Config, { name, json }: CreateTenantOptions): Promise<void> {
  if (name === undefined || name.length < 1 || name.length > 255)
    throw new UsageError('Give --name=…, 1 to 255 characters.');
  const tenant = await inApplication(config, [], (app) =>
    app.get(TenantsService).create({ name }, asCommandLine(DEFAULT_TENANT_ID)),
  );
  print(json, TenantResponse.of(tenant), `Created ${tenant.name}: ${tenant.id}`);
}

export async function listTenants(config: Config, { json }: OutputOptions): Promise<void> {
  const tenants = await inApplication(config, [], async (app) => {
    const found: TenantResponse[] = [];
    for (let cursor: string | undefined | null; cursor !== null;) {
      const page = await app.get(TenantsService).list(1_000, cursor);
      found.push(...page.data.map((tenant) => TenantResponse.of(tenant)));
      cursor = page.next_cursor;
    }
    return found;
  });
  print(
    json,
    { data: tenants },
    table(
      ['id', 'name', 'status', 'created'],
      tenants.map((t) => [t.id, t.name, t.status, minuteOf(t.created_at) ?? '']),
    ),
  );
}
