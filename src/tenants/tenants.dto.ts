import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsString, Length } from 'class-validator';
import { IfGiven } from '../platform/http/query.dto.js';
import { type Tenant, TENANT_STATUSES, type TenantStatus } from './tenant.entity.js';

export class CreateTenantDto {
  @ApiProperty({ description: 'Unique, 1 to 255 characters.', example: 'Acme' })
  @IsString()
  @Length(1, 255)
  name: string;
}

export class UpdateTenantDto {
  @ApiPropertyOptional()
  @IfGiven()
  @IsString()
  @Length(1, 255)
  name?: string;

  @ApiPropertyOptional({ enum: TENANT_STATUSES })
  @IfGiven()
  @IsIn(TENANT_STATUSES)
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
