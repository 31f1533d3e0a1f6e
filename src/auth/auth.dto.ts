import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Closed, Field, text } from '../platform/http/body/fields.js';
import { SCOPES, type Scope } from '../platform/http/principal.js';

class TenantInfo {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  name: string;
}

class RateLimitInfo {
  @ApiProperty({ type: 'integer', description: 'Requests per window.' })
  limit: number;

  @ApiProperty({ type: 'integer', description: 'Length of the window in seconds.' })
  window_s: number;

  @ApiProperty({ type: 'integer', description: 'Requests left in the window.' })
  remaining: number;

  @ApiProperty({ type: 'integer', description: 'Seconds until some of the window is free again.' })
  reset_s: number;
}

class SessionInfo {
  @ApiProperty({ format: 'date-time', description: 'When the session ends at the latest.' })
  expires_at: string;

  @ApiProperty({ description: 'For the header X-CSRF-Token, which writes with the cookie need.' })
  csrf_token: string;
}

@Closed()
export class SignInDto {
  // In UTF-8 the longest still fits into the body of a public route.
  @Field({ ...text(1, 2_000), format: 'password' }, { description: 'An API key.', example: 'tmk_…' })
  key: string;
}

export class AuthInfoResponse {
  @ApiProperty()
  tenant: TenantInfo;

  @ApiProperty()
  client_id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null for the configured platform key.' })
  key_id: string | null;

  @ApiProperty()
  key_name: string;

  @ApiProperty({ enum: SCOPES, isArray: true })
  scopes: readonly Scope[];

  @ApiProperty()
  rate_limit: RateLimitInfo;

  @ApiPropertyOptional({ description: 'Only where the credential is the session cookie of the dashboard.' })
  session?: SessionInfo;
}

export class TokenResponse {
  @ApiProperty({ description: 'A JWT for the Authorization header.' })
  access_token: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';

  @ApiProperty({ type: 'integer', description: 'Seconds.' })
  expires_in: number;
}
