import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, RequireScope } from '../platform/access.js';
import type { Principal } from '../platform/principal.js';
import { TenantsService } from '../tenants/tenants.service.js';
import { AuthInfoResponse } from './auth.dto.js';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(private readonly tenants: TenantsService) {}

  /** Who the credential of this request is, and what it may do. */
  @Get('info')
  @RequireScope('any')
  @ApiOkResponse({ type: AuthInfoResponse })
  async info(@Caller() caller: Principal): Promise<AuthInfoResponse> {
    const tenant = await this.tenants.get(caller.tenantId);
    return {
      tenant: { id: tenant.id, name: tenant.name },
      client_id: caller.clientId,
      key_id: caller.keyId,
      key_name: caller.keyName,
      scopes: caller.scopes,
      rate_limit: { limit: caller.rateLimit, window_s: caller.rateWindowSeconds },
    };
  }
}
