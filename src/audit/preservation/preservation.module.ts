import { Module } from '@nestjs/common';
import { HoldsRepository } from './holds.repository.js';
import { PoliciesRepository } from './policies.repository.js';

@Module({ providers: [HoldsRepository, PoliciesRepository], exports: [HoldsRepository, PoliciesRepository] })
export class PreservationModule {}
