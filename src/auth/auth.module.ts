import { Module } from '@nestjs/common';
import { KeysModule } from '../keys/keys.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { AuthService } from './auth.service.js';

@Module({
  imports: [KeysModule, TenantsModule],
  providers: [AuthService],
  exports: [AuthService],
})
export class AuthModule {}
