import { readFileSync } from 'node:fs';
import type { QueryRunner } from 'typeorm';

/** Seen from dist/migrations/support: the statements are not compiled and not copied. */
const FOLDER = new URL('../../../migrations/functions/', import.meta.url);

/** Creates functions, each from the file of its name, which also says who may execute it. */
export async function createFunctions(runner: QueryRunner, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await runner.query(readFileSync(new URL(`${name}.sql`, FOLDER), 'utf8'));
  }
}

export async function dropFunctions(runner: QueryRunner, names: readonly string[]): Promise<void> {
  await runner.query(`drop function ${[...names].reverse().join(', ')}`);
}
