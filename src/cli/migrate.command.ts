import { parseArgs } from 'node:util';
import { PROPER_LOGIN } from '../platform/database/login-check.js';
import { migrate, type Migrated, revertLastMigration } from '../platform/database/migrate.js';
import type { Command } from './command.js';
import { print } from './output.js';

export const migrateCommand: Command = {
  async run(config, words) {
    const { values } = parseArgs({
      args: words,
      options: { revert: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
    });
    if (values.revert) {
      const reverted = await revertLastMigration(config);
      print(values.json, { reverted }, reverted === null ? 'Nothing to take back.' : `Took back ${reverted}.`);
      return;
    }
    const migrated = await migrate(config);
    print(values.json, migrated, describe(migrated));
  },
};

function describe({ migrations, login }: Migrated): string {
  const tables = migrations.length === 0 ? 'Up to date.' : `Ran ${migrations.join(', ')}.`;
  if (login === null)
    return `${tables}\nDATABASE_URL has the login of the owner; API and worker need another: ${PROPER_LOGIN}.`;
  return login.state === 'unchanged' ? tables : `${tables}\nThe login ${login.name} was ${login.state}.`;
}
