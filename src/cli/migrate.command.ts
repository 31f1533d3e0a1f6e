import { parseArgs } from 'node:util';
import { migrate, revertLastMigration } from '../platform/migrate.js';
import type { Command } from './commands.js';
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
    const migrations = await migrate(config);
    print(values.json, { migrations }, migrations.length === 0 ? 'Up to date.' : `Ran ${migrations.join(', ')}.`);
  },
};
