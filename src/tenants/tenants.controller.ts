import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, ChangesAccess, RequireScope } from '../platform/http/access.js';
import type { Principal } from '../platform/http/principal.js';
import { PageQuery } from '../platform/http/query.dto.js';
import { CreateTenantDto, TenantPage, TenantResponse, UpdateTenantDto } from './tenants.dto.js';
import { TenantsService } from './tenants.service.js';

@ApiTags('Tenants')
@Controller('tenants')
@RequireScope('platform')
export class TenantsController {
  constructor(private readonly tenants: TenantsService) {}

  /** Creates a tenant. */
  @Post()
  @ChangesAccess()
  @ApiCreatedResponse({ type: TenantResponse })
  async createTenant(@Caller() caller: Principal, @Body() body: CreateTenantDto): Promise<TenantResponse> {
    return TenantResponse.of(await this.tenants.create(body, caller));
  }

  /** All tenants, newest first. */
  @Get()
  @ApiOkResponse({ type: TenantPage })
  async listTenants(@Query() query: PageQuery): Promise<TenantPage> {
    const { data, next_cursor } = await this.tenants.list(query.limit, query.cursor);
    return { data: data.map((tenant) => TenantResponse.of(tenant)), next_cursor };
  }

  /** One tenant. */
  @Get(':id')
  @ApiOkResponse({ type: TenantResponse })
  async getTenant(@Param('id') id: string): Promise<TenantResponse> {
    return TenantResponse.of(await this.tenants.get(id));
  }

  /** Renames a tenant or changes its status; the keys of one that is not active answer 403 within two seconds. */
  @Patch(':id')
  @ChangesAccess()
  @ApiOkResponse({ type: TenantResponse })
  async updateTenant(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() body: UpdateTenantDto,
  ): Promise<TenantResponse> {
    return TenantResponse.of(await this.tenants.update(id, body, caller));
  }
}
