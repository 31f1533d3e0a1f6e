import type { INestApplicationContext } from '@nestjs/common';
import { KeysService } from '../keys/keys.service.js';
import type { KeyResponse } from '../keys/keys.dto.js';
import type { Config } from '../platform/config/config.js';
import { notFound } from '../platform/http/problem.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { asCommandLine } from './command-line.js';
import { KeysModule } from '../keys/keys.module.js';
import { inApplication } from './cli.module.js';
import { minuteOf, type OutputOptions, print, table, UsageError } from './output.js';

export interface KeySelection extends OutputOptions {
  tenant: string;
  clientId?: string;
  id?: string;
}

export async function listKeys(config: Config, selection: KeySelection): Promise<void> {
  const { keys } = await inApplication(config, [KeysModule], (app) => selectKeys(app, selection));
  print(
    selection.json,
    { data: keys },
    table(
      ['id', 'client', 'name', 'scopes', 'limit', 'active', 'last used'],
      keys.map((key) => [
        key.id,
        key.client_id,
        key.name,
        key.scopes.join(','),
        `${key.rate_limit}/${key.rate_window_s}s`,
        key.is_active ? 'yes' : 'no',
        minuteOf(key.last_used_at) ?? 'never',
      ]),
    ),
  );
}

export const deleteKeys = (config: Config, selection: KeySelection) =>
  change(config, selection, 'Deleted', (keys, tenantId, key) => keys.delete(asCommandLine(tenantId), key.id));

export const toggleKeys = (config: Config, selection: KeySelection) =>
  change(config, selection, 'Toggled', (keys, tenantId, key) =>
    keys.update(asCommandLine(tenantId), key.id, { is_active: !key.is_active }),
  );

async function change(
  config: Config,
  selection: KeySelection,
  verb: string,
  act: (keys: KeysService, tenantId: string, key: KeyResponse) => Promise<KeyResponse | void>,
): Promise<void> {
  if (selection.id === undefined && selection.clientId === undefined) {
    throw new UsageError('Say which: --id=ID or --client-id=NAME.');
  }
  const changed = await inApplication(config, [KeysModule], async (app) => {
    const { tenantId, keys } = await selectKeys(app, selection);
    if (keys.length === 0) throw notFound('There is no such key in this tenant.');
    return Promise.all(keys.map(async (key) => (await act(app.get(KeysService), tenantId, key)) ?? key));
  });
  const lines = changed.map((key) => `${verb} ${key.id} (${key.client_id}, ${key.is_active ? 'active' : 'disabled'})`);
  print(selection.json, { data: changed }, lines.join('\n'));
}

async function selectKeys(
  app: INestApplicationContext,
  { tenant, id, clientId }: KeySelection,
): Promise<{ tenantId: string; keys: KeyResponse[] }> {
  const { id: tenantId } = await app.get(TenantsService).getByIdOrName(tenant);
  const found: KeyResponse[] = [];
  for (let cursor: string | undefined | null; cursor !== null;) {
    const page = await app.get(KeysService).list(asCommandLine(tenantId), 1_000, cursor);
    found.push(...page.data);
    cursor = page.next_cursor;
  }
  const keys = found.filter(
    (key) => (id === undefined || key.id === id) && (clientId === undefined || key.client_id === clientId),
  );
  return { tenantId, keys };
}
