import { Module } from '@nestjs/common';
import { AuditWritingModule } from '../audit/entries/audit-writing.module.js';
import { KeysModule } from '../keys/keys.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { AccessTokens } from './access-tokens.js';
import { AuthService } from './auth.service.js';
import { FailedAttempts } from './limits/failed-attempts.js';
import { RateLimiter } from './limits/rate-limiter.js';
import { SessionsRepository } from './sessions/sessions.repository.js';
import { SessionsService } from './sessions/sessions.service.js';

@Module({
  imports: [AuditWritingModule, KeysModule, TenantsModule],
  providers: [AccessTokens, AuthService, FailedAttempts, RateLimiter, SessionsRepository, SessionsService],
  exports: [AuthService, RateLimiter, SessionsService],
})
export class AuthModule {}
