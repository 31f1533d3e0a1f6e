import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunctions, dropFunctions } from './support/functions.js';

const FUNCTIONS = ['filter_redacted', 'saved_funnel_redacted'];

/** Steps of saved funnels have filters, which may name a person. */
export class RedactFilters1795400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createFunctions(runner, FUNCTIONS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropFunctions(runner, FUNCTIONS);
  }
}
