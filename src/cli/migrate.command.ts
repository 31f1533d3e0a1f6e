import { PROPER_LOGIN } from '../platform/database/login-check.js';
import { migrate, type Migrated, revertLastMigration } from '../platform/database/migrate.js';
import type { Config } from '../platform/config/config.js';
import { type OutputOptions, print } from './output.js';

export interface MigrateOptions extends OutputOptions {
  revert: boolean;
}

export async function migrateDatabase(config: Config, { revert, json }: MigrateOptions): Promise<void> {
  if (revert) {
    const reverted = await revertLastMigration(config);
    print(json, { reverted }, reverted === null ? 'Nothing to take back.' : `Took back ${reverted}.`);
    return;
  }
  const migrated = await migrate(config);
  print(json, migrated, describe(migrated));
}

function describe({ migrations, login }: Migrated): string {
  const tables = migrations.length === 0 ? 'Up to date.' : `Ran ${migrations.join(', ')}.`;
  if (login === null)
    return `${tables}\nDATABASE_URL has the login of the owner; API and worker need another: ${PROPER_LOGIN}.`;
  return login.state === 'unchanged' ? tables : `${tables}\nThe login ${login.name} was ${login.state}.`;
}
