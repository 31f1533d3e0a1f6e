import { ApiProperty } from '@nestjs/swagger';
import { Closed, OneOf, Text } from '../platform/http/body/fields.js';
import { type Tenant, TENANT_STATUSES, type TenantStatus } from './tenant.entity.js';

@Closed()
export class CreateTenantDto {
  @Text({ description: 'Unique, 1 to 255 characters.', example: 'Acme' })
  name: string;
}

@Closed()
export class UpdateTenantDto {
  @Text({ optional: true })
  name?: string;

  @OneOf(TENANT_STATUSES, { optional: true })
  status?: TenantStatus;
}

export class TenantResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ enum: TENANT_STATUSES, description: "Only an active tenant's keys work." })
  status: TenantStatus;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  static of(tenant: Tenant): TenantResponse {
    const { id, name, status, createdAt } = tenant;
    return { id, name, status, created_at: createdAt.toISOString() };
  }
}

export class TenantPage {
  @ApiProperty({ type: [TenantResponse] })
  data: TenantResponse[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
