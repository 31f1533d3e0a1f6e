import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiTags } from '@nestjs/swagger';
import { RequireScope } from '../platform/access.js';
import { CreateTenantDto, TenantResponse } from './tenants.dto.js';
import { TenantsService } from './tenants.service.js';

@ApiTags('tenants')
@Controller('tenants')
export class TenantsController {
  constructor(private readonly tenants: TenantsService) {}

  /** Creates a tenant. */
  @Post()
  @RequireScope('platform')
  @ApiCreatedResponse({ type: TenantResponse })
  async create(@Body() body: CreateTenantDto): Promise<TenantResponse> {
    return TenantResponse.of(await this.tenants.create(body));
  }
}
