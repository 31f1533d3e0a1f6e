import { parseArgs } from 'node:util';
import { DEFAULT_TENANT_ID } from '../platform/http/principal.js';
import { TenantResponse } from '../tenants/tenants.dto.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { inApplication } from './cli.module.js';
import { asCommandLine } from './command-line.js';
import type { Command } from './command.js';
import { print, table, UsageError } from './output.js';

export const createTenant: Command = {
  async run(config, words) {
    const { values } = parseArgs({
      args: words,
      options: { name: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    const { name } = values;
    if (name === undefined || name.length < 1 || name.length > 255)
      throw new UsageError('Give --name=…, 1 to 255 characters.');
    const tenant = await inApplication(config, (app) =>
      app.get(TenantsService).create({ name }, asCommandLine(DEFAULT_TENANT_ID)),
    );
    print(values.json, TenantResponse.of(tenant), `Created ${tenant.name}: ${tenant.id}`);
  },
};

export const listTenants: Command = {
  async run(config, words) {
    const { values } = parseArgs({ args: words, options: { json: { type: 'boolean', default: false } } });
    const tenants = await inApplication(config, async (app) => {
      const found: TenantResponse[] = [];
      for (let cursor: string | undefined | null; cursor !== null;) {
        const page = await app.get(TenantsService).list(1_000, cursor);
        found.push(...page.data.map((tenant) => TenantResponse.of(tenant)));
        cursor = page.next_cursor;
      }
      return found;
    });
    print(
      values.json,
      { data: tenants },
      table(
        ['id', 'name', 'status', 'created'],
        tenants.map((t) => [t.id, t.name, t.status, t.created_at]),
      ),
    );
  },
};
