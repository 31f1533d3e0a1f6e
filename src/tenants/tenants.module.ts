import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditWritingModule } from '../audit/entries/audit-writing.module.js';
import { Tenant } from './tenant.entity.js';
import { TenantsService } from './tenants.service.js';

@Module({
  imports: [AuditWritingModule, TypeOrmModule.forFeature([Tenant])],
  providers: [TenantsService],
  exports: [TenantsService],
})
export class TenantsModule {}
