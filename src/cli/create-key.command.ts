import { plainToInstance } from 'class-transformer';
import { CreateKeyDto } from '../keys/keys.dto.js';
import { KeysService } from '../keys/keys.service.js';
import { createValidationPipe } from '../platform/http/validation.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { asCommandLine } from './command-line.js';
import type { Config } from '../platform/config/config.js';
import { KeysModule } from '../keys/keys.module.js';
import { inApplication } from './cli.module.js';
import { type OutputOptions, print } from './output.js';

export interface CreateKeyOptions extends OutputOptions {
  tenant: string;
  clientId?: string;
  name?: string;
  scopes: string;
  rateLimit?: string;
  rateWindowS?: string;
  eventLimit?: string;
  expiresAt?: string;
}

export async function createKey(config: Config, options: CreateKeyOptions): Promise<void> {
  const { rateLimit, rateWindowS, eventLimit, expiresAt } = options;
  const plain = {
    client_id: options.clientId,
    name: options.name ?? options.clientId,
    scopes: options.scopes.split(','),
    ...(rateLimit === undefined ? {} : { rate_limit: Number(rateLimit) }),
    ...(rateWindowS === undefined ? {} : { rate_window_s: Number(rateWindowS) }),
    ...(eventLimit === undefined ? {} : { event_limit: Number(eventLimit) }),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
  };
  const dto = (await createValidationPipe().transform(plainToInstance(CreateKeyDto, plain), {
    type: 'body',
    metatype: CreateKeyDto,
  })) as CreateKeyDto;
  await inApplication(config, [KeysModule], async (app) => {
    const tenant = await app.get(TenantsService).getByIdOrName(options.tenant);
    const caller = asCommandLine(tenant.id);
    const key = await app.get(KeysService).create(caller, dto);
    print(
      options.json,
      key,
      `${key.key}\n\nKey of ${key.client_id} with the scopes ${key.scopes.join(', ')}. It is shown this once.`,
    );
  });
}
