import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditWritingModule } from '../audit/entries/audit-writing.module.js';
import { TenantsModule } from '../tenants/tenants.module.js';
import { ApiKey } from './api-key.entity.js';
import { InstallationSecrets } from './installation-secrets.js';
import { KeyRecords } from './key-records.js';
import { KeyVerifier } from './key-verifier.js';
import { KeysRepository } from './keys.repository.js';
import { KeysService } from './keys.service.js';

@Module({
  imports: [AuditWritingModule, TenantsModule, TypeOrmModule.forFeature([ApiKey])],
  providers: [InstallationSecrets, KeyRecords, KeysRepository, KeysService, KeyVerifier],
  exports: [InstallationSecrets, KeyRecords, KeysService, KeyVerifier],
})
export class KeysModule {}
