import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
} from 'class-validator';
import { SCOPES, type Scope } from '../platform/http/principal.js';
import { IfGiven, IsDateTime } from '../platform/http/query.dto.js';
import type { ApiKey } from './api-key.entity.js';

export class CreateKeyDto {
  @ApiProperty({ description: 'The calling application.', example: 'web-shop' })
  @IsString()
  @Length(1, 255)
  client_id: string;

  @ApiProperty({ description: 'For people.', example: 'Web shop, production' })
  @IsString()
  @Length(1, 255)
  name: string;

  @ApiPropertyOptional({
    enum: SCOPES,
    isArray: true,
    default: ['read', 'write'],
    description: '`track` sends events and nothing else: the scope for keys in pages and on devices.',
  })
  @IfGiven()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(SCOPES, { each: true, message: `scopes must be among ${SCOPES.join(', ')}` })
  scopes: Scope[] = ['read', 'write'];

  @ApiPropertyOptional({ description: 'Requests per window.', minimum: 1 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  rate_limit?: number;

  @ApiPropertyOptional({ description: 'Length of the window in seconds.', minimum: 1 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(86_400)
  rate_window_s?: number;

  @ApiPropertyOptional({ description: 'Events per window, so that batches count by their size.', minimum: 1 })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  event_limit?: number;

  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsDateTime()
  expires_at?: string;
}

export class UpdateKeyDto {
  @ApiPropertyOptional()
  @IfGiven()
  @IsBoolean()
  is_active?: boolean;

  @ApiPropertyOptional()
  @IfGiven()
  @IsString()
  @Length(1, 255)
  name?: string;

  @ApiPropertyOptional({ enum: SCOPES, isArray: true })
  @IfGiven()
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(SCOPES, { each: true, message: `scopes must be among ${SCOPES.join(', ')}` })
  scopes?: Scope[];

  @ApiPropertyOptional({ type: Number, minimum: 1, nullable: true, description: 'null takes the default.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  rate_limit?: number | null;

  @ApiPropertyOptional({ type: Number, minimum: 1, nullable: true, description: 'null takes the default.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(86_400)
  rate_window_s?: number | null;

  @ApiPropertyOptional({ type: Number, minimum: 1, nullable: true, description: 'null takes the limit away.' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(2_147_483_647)
  event_limit?: number | null;

  @ApiPropertyOptional({ type: String, format: 'date-time', nullable: true, description: 'null: never.' })
  @IsOptional()
  @IsDateTime()
  expires_at?: string | null;
}

export class RotateKeyDto {
  @ApiPropertyOptional({
    type: Number,
    minimum: 0,
    maximum: 2_592_000,
    default: 0,
    description: 'Seconds the old key lives on.',
  })
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(2_592_000)
  grace_s = 0;
}

export class KeyResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  client_id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ enum: SCOPES, isArray: true })
  scopes: Scope[];

  @ApiProperty({ description: 'Requests per window.' })
  rate_limit: number;

  @ApiProperty({ description: 'Length of the window in seconds.' })
  rate_window_s: number;

  @ApiProperty({ type: Number, nullable: true })
  event_limit: number | null;

  @ApiProperty()
  is_active: boolean;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expires_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_used_at: string | null;

  static of(key: Omit<ApiKey, 'tenant'>, defaults: { limit: number; windowSeconds: number }): KeyResponse {
    return {
      id: key.id,
      client_id: key.clientId,
      name: key.name,
      scopes: key.scopes,
      rate_limit: key.rateLimit ?? defaults.limit,
      rate_window_s: key.rateWindowSeconds ?? defaults.windowSeconds,
      event_limit: key.eventLimit,
      is_active: key.isActive,
      created_at: key.createdAt.toISOString(),
      expires_at: key.expiresAt?.toISOString() ?? null,
      last_used_at: key.lastUsedAt?.toISOString() ?? null,
    };
  }
}

export class KeyPage {
  @ApiProperty({ type: [KeyResponse] })
  data: KeyResponse[];

  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}

export class CreatedKeyResponse extends KeyResponse {
  @ApiProperty({ description: 'The key itself. It is shown this once and cannot be read again.' })
  key: string;
}
