import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApiKey } from './api-key.entity.js';
import { KeyVerifier } from './key-verifier.js';
import { KeysRepository } from './keys.repository.js';
import { KeysService } from './keys.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([ApiKey])],
  providers: [KeysRepository, KeyVerifier, KeysService],
  exports: [KeyVerifier, KeysService],
})
export class KeysModule {}
