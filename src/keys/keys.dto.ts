import { ApiProperty } from '@nestjs/swagger';
import { Closed, DateTime, Field, Flag, Text, WholeNumber } from '../platform/http/body/fields.js';
import { SCOPES, type Scope } from '../platform/http/principal.js';
import type { ApiKey } from './api-key.entity.js';

const SCOPE_LIST = {
  ...{ type: 'array', items: { type: 'string', enum: [...SCOPES] } },
  ...{ minItems: 1, maxItems: SCOPES.length, uniqueItems: true },
};
const COUNT = { min: 1, max: 2_147_483_647, optional: true, nullable: true } as const;
const SECONDS = { ...COUNT, max: 86_400 } as const;

@Closed()
export class CreateKeyDto {
  @Text({ description: 'The calling application.', example: 'web-shop' })
  client_id: string;

  @Text({ description: 'For people.', example: 'Web shop, production' })
  name: string;

  @Field(SCOPE_LIST, {
    default: ['read', 'write'],
    description: '`track` sends events and nothing else: the scope for keys in pages and on devices.',
  })
  scopes: Scope[];

  @WholeNumber({ ...COUNT, description: 'Requests per window.' })
  rate_limit?: number | null;

  @WholeNumber({ ...SECONDS, description: 'Length of the window in seconds.' })
  rate_window_s?: number | null;

  @WholeNumber({ ...COUNT, description: 'Events per window, so that batches count by their size.' })
  event_limit?: number | null;

  @DateTime({ optional: true, nullable: true })
  expires_at?: string | null;
}

@Closed()
export class UpdateKeyDto {
  @Flag({ optional: true })
  is_active?: boolean;

  @Text({ optional: true })
  name?: string;

  @Field(SCOPE_LIST, { optional: true })
  scopes?: Scope[];

  @WholeNumber({ ...COUNT, description: 'null takes the default.' })
  rate_limit?: number | null;

  @WholeNumber({ ...SECONDS, description: 'null takes the default.' })
  rate_window_s?: number | null;

  @WholeNumber({ ...COUNT, description: 'null takes the limit away.' })
  event_limit?: number | null;

  @DateTime({ optional: true, nullable: true, description: 'null: never.' })
  expires_at?: string | null;
}

@Closed()
export class RotateKeyDto {
  @WholeNumber({ min: 0, max: 2_592_000, default: 0, description: 'Seconds the old key lives on.' })
  grace_s: number;
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

  @ApiProperty({ type: 'integer', description: 'Requests per window.' })
  rate_limit: number;

  @ApiProperty({ type: 'integer', description: 'Length of the window in seconds.' })
  rate_window_s: number;

  @ApiProperty({ type: 'integer', nullable: true })
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
