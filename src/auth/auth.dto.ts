import { ApiProperty } from '@nestjs/swagger';
import { SCOPES, type Scope } from '../platform/principal.js';

class TenantInfo {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty()
  name: string;
}

class RateLimitInfo {
  @ApiProperty({ description: 'Requests per window.' })
  limit: number;

  @ApiProperty({ description: 'Length of the window in seconds.' })
  window_s: number;

  @ApiProperty({ description: 'Requests left in the window.' })
  remaining: number;

  @ApiProperty({ description: 'Seconds until some of the window is free again.' })
  reset_s: number;
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
}

export class TokenResponse {
  @ApiProperty({ description: 'A JWT for the Authorization header.' })
  access_token: string;

  @ApiProperty({ enum: ['Bearer'] })
  token_type: 'Bearer';

  @ApiProperty({ description: 'Seconds.' })
  expires_in: number;
}
