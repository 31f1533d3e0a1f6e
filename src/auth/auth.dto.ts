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
