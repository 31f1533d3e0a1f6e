import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../config/package-root.js';
import { type Sql, sqlState } from './database.js';
import { LIST_MIGRATIONS } from './migrations-sql.js';

export interface Migration {
  timestamp: string;
  /** As the file is called, without its extension. */
  name: string;
  file: string;
}

const MIGRATION_FILE = /^(\d+)-.+(?=\.js$)/;
const UNDEFINED_TABLE = '42P01';

/** The command of a checkout, and the one of an image, which has no npm scripts that build. */
export const MIGRATE_COMMAND = '`npm run migration:run` (in a container: `node dist/cli.js migrate`)';

/**
 * The migrations of this build, oldest first. @throws when it has none: a schema compared with nothing is always right
 */
export function listMigrations(directory = join(packageRoot, 'dist', 'migrations')): Migration[] {
  const migrations = readNames(directory).flatMap((name) => {
    const match = MIGRATION_FILE.exec(name);
    return match === null ? [] : [{ timestamp: match[1]!, name: match[0], file: join(directory, name) }];
  });
  if (migrations.length > 0) return migrations;
  throw new Error(`This build has no migrations in ${directory}. Build it again: npm run build.`);
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** How the schema of a database differs from that of this version. */
export interface SchemaDifference {
  /** Migrations of this version that have not run. */
  missing: string[];
  /** Migrations that have run and that this version does not know. */
  unknown: string[];
}

export async function compareSchema(sql: Sql): Promise<SchemaDifference> {
  const known = listMigrations();
  const ran = await listRan(sql);
  const names = (of: typeof ran, without: typeof ran) =>
    of.filter(({ timestamp }) => !without.some((other) => other.timestamp === timestamp)).map(({ name }) => name);
  return { missing: names(known, ran), unknown: names(ran, known) };
}

/** What keeps this version from working on such a schema, and what to do about it; undefined: nothing. */
export function describeSchemaFault({ missing, unknown }: SchemaDifference): string | undefined {
  if (unknown.length > 0) {
    return (
      `the schema is newer than this version of Tidemark, which does not know ${unknown.join(', ')}: ` +
      'start the version that migrated it, or take those back with that version: `npm run migration:revert`'
    );
  }
  if (missing.length === 0) return undefined;
  return `the schema is older than this version of Tidemark and lacks ${missing.join(', ')}: run ${MIGRATE_COMMAND}`;
}

/** None where the table is missing: nothing has ever migrated that database. */
async function listRan(sql: Sql): Promise<{ timestamp: string; name: string }[]> {
  try {
    const { rows } = await sql.query<{ timestamp: string; name: string }>(LIST_MIGRATIONS);
    return rows;
  } catch (error) {
    if (sqlState(error) === UNDEFINED_TABLE) return [];
    throw error;
  }
}
