import { parseArgs } from 'node:util';
import { KeysService } from '../keys/keys.service.js';
import type { KeyResponse } from '../keys/keys.dto.js';
import type { Config } from '../platform/config/config.js';
import { DEFAULT_TENANT_ID } from '../platform/http/principal.js';
import { notFound } from '../platform/http/problem.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { asCommandLine } from './command-line.js';
import { inApplication } from './cli.module.js';
import type { Command } from './command.js';
import { print, table, UsageError } from './output.js';

const SELECTION = {
  'client-id': { type: 'string' },
  id: { type: 'string' },
  tenant: { type: 'string', default: DEFAULT_TENANT_ID },
  json: { type: 'boolean', default: false },
} as const;

export const listKeys: Command = {
  async run(config, words) {
    const { values } = parseArgs({ args: words, options: SELECTION });
    const keys = await selectKeys(config, values);
    print(
      values.json,
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
          key.last_used_at ?? 'never',
        ]),
      ),
    );
  },
};

export const deleteKey: Command = {
  run: (config, words) =>
    change(config, words, 'Deleted', (keys, tenantId, key) => keys.delete(asCommandLine(tenantId), key.id)),
};

export const toggleKey: Command = {
  run: (config, words) =>
    change(config, words, 'Toggled', (keys, tenantId, key) =>
      keys.update(asCommandLine(tenantId), key.id, { is_active: !key.is_active }),
    ),
};

async function change(
  config: Config,
  words: string[],
  verb: string,
  act: (keys: KeysService, tenantId: string, key: KeyResponse) => Promise<KeyResponse | void>,
): Promise<void> {
  const { values } = parseArgs({ args: words, options: SELECTION });
  if (values.id === undefined && values['client-id'] === undefined) {
    throw new UsageError('Say which: --id=ID or --client-id=NAME.');
  }
  const keys = await selectKeys(config, values);
  if (keys.length === 0) throw notFound('There is no such key in this tenant.');
  const changed = await inApplication(config, (app) =>
    Promise.all(keys.map(async (key) => (await act(app.get(KeysService), values.tenant, key)) ?? key)),
  );
  const lines = changed.map((key) => `${verb} ${key.id} (${key.client_id}, ${key.is_active ? 'active' : 'disabled'})`);
  print(values.json, { data: changed }, lines.join('\n'));
}

interface Selection {
  tenant: string;
  id?: string | undefined;
  'client-id'?: string | undefined;
}

async function selectKeys(config: Config, selection: Selection): Promise<KeyResponse[]> {
  return inApplication(config, async (app) => {
    const tenant = await app.get(TenantsService).get(selection.tenant);
    const found: KeyResponse[] = [];
    for (let cursor: string | undefined | null; cursor !== null;) {
      const page = await app.get(KeysService).list(asCommandLine(tenant.id), 1_000, cursor);
      found.push(...page.data);
      cursor = page.next_cursor;
    }
    const { id, 'client-id': clientId } = selection;
    return found.filter(
      (key) => (id === undefined || key.id === id) && (clientId === undefined || key.client_id === clientId),
    );
  });
}
