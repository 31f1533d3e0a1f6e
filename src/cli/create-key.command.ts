import { parseArgs } from 'node:util';
import { plainToInstance } from 'class-transformer';
import { CreateKeyDto } from '../keys/keys.dto.js';
import { KeysService } from '../keys/keys.service.js';
import { DEFAULT_TENANT_ID } from '../platform/http/principal.js';
import { createValidationPipe } from '../platform/http/validation.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { asCommandLine } from './command-line.js';
import type { Command } from './command.js';
import { inApplication } from './cli.module.js';
import { print } from './output.js';

export const createKey: Command = {
  async run(config, words) {
    const { values } = parseArgs({
      args: words,
      options: {
        'client-id': { type: 'string' },
        name: { type: 'string' },
        tenant: { type: 'string', default: DEFAULT_TENANT_ID },
        scopes: { type: 'string', default: 'read,write' },
        'rate-limit': { type: 'string' },
        'rate-window-s': { type: 'string' },
        'event-limit': { type: 'string' },
        'expires-at': { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const { 'rate-limit': rateLimit, 'rate-window-s': rateWindow } = values;
    const { 'event-limit': eventLimit, 'expires-at': expiresAt } = values;
    const plain = {
      client_id: values['client-id'],
      name: values.name ?? values['client-id'],
      scopes: values.scopes.split(','),
      ...(rateLimit === undefined ? {} : { rate_limit: Number(rateLimit) }),
      ...(rateWindow === undefined ? {} : { rate_window_s: Number(rateWindow) }),
      ...(eventLimit === undefined ? {} : { event_limit: Number(eventLimit) }),
      ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
    };
    const dto = (await createValidationPipe().transform(plainToInstance(CreateKeyDto, plain), {
      type: 'body',
      metatype: CreateKeyDto,
    })) as CreateKeyDto;
    await inApplication(config, async (app) => {
      const tenant = await app.get(TenantsService).get(values.tenant);
      const caller = asCommandLine(tenant.id);
      const key = await app.get(KeysService).create(caller, dto);
      print(
        values.json,
        key,
        `${key.key}\n\nKey of ${key.client_id} with the scopes ${key.scopes.join(', ')}. It is shown this once.`,
      );
    });
  },
};
