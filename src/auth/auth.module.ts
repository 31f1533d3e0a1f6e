import { Module } from '@nestjs/common';
import { KeysModule } from '../keys/keys.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { AccessTokens } from './access-tokens.js';
import { AuthService } from './auth.service.js';
import { FailedAttempts } from './failed-attempts.js';
import { RateLimiter } from './rate-limiter.js';

@Module({
  imports: [KeysModule, TenantsModule],
  providers: [AccessTokens, AuthService, FailedAttempts, RateLimiter],
  exports: [AuthService, RateLimiter],
})
export class AuthModule {}
