import { ApiProperty } from '@nestjs/swagger';
import { IsString, Length } from 'class-validator';
import { type Tenant, TENANT_STATUSES, type TenantStatus } from './tenant.entity.js';

export class CreateTenantDto {
  @ApiProperty({ description: 'Unique, 1 to 255 characters.', example: 'Acme' })
  @IsString()
  @Length(1, 255)
  name: string;
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
