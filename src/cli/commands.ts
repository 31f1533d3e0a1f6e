import type { Config } from '../platform/config.js';
import { createKey } from './create-key.command.js';
import { doctor } from './doctor.command.js';
import { deleteKey, listKeys, toggleKey } from './keys.command.js';
import { migrateCommand } from './migrate.command.js';
import { createTenant, listTenants } from './tenants.command.js';

export interface Command {
  /** How it is called, after the name. */
  readonly usage: string;
  readonly description: string;
  run(config: Config, words: string[]): Promise<void>;
}

const COMMANDS: Record<string, Command> = {
  migrate: migrateCommand,
  doctor,
  'create-key': createKey,
  'list-keys': listKeys,
  'toggle-key': toggleKey,
  'delete-key': deleteKey,
  'create-tenant': createTenant,
  'list-tenants': listTenants,
};

export function findCommand(name: string): Command | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

export function usage(): string {
  const lines = Object.entries(COMMANDS).map(
    ([name, command]) => `  ${name} ${command.usage}\n      ${command.description}`,
  );
  return `Usage: npm run cli -- <command> [--json]\n\n${lines.join('\n')}\n`;
}
