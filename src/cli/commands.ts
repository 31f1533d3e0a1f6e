import type { Command, OfflineCommand } from './command.js';

interface Entry {
  /** How it is called, after the name. */
  readonly usage: string;
  readonly description: string;
  /** Loaded when it is called: half of a command's time is spent importing what others need. */
  readonly load: () => Promise<Command | OfflineCommand>;
}

const SELECTION = '--client-id=my-app | --id=ID [--tenant=ID]';

const COMMANDS: Record<string, Entry> = {
  migrate: {
    usage: '[--revert]',
    description:
      'Brings the database to this version and makes the login of DATABASE_URL, or takes back the newest migration.',
    load: async () => (await import('./migrate.command.js')).migrateCommand,
  },
  doctor: {
    usage: '',
    description: 'Checks database, login, queue, migrations, partitions and clock, and says what to do.',
    load: async () => (await import('./doctor.command.js')).doctor,
  },
  recount: {
    usage: '[--from=TIME] [--to=TIME] [--tenant=ID] [--repair]',
    description:
      'Compares the counts of whole UTC days with the events, also while events come in; --repair puts right what differs. Exit code 1: differences found and left.',
    load: async () => (await import('./recount.command.js')).recount,
  },
  'create-key': {
    usage:
      '--client-id=my-app --name="My App" [--tenant=ID] [--scopes=read,write] [--rate-limit=100] [--rate-window-s=60] [--event-limit=1000] [--expires-at=TIME]',
    description:
      'Creates an API key and shows it this once. Scopes: track (for pages and devices: sends events, nothing else), read, write, admin, platform.',
    load: async () => (await import('./create-key.command.js')).createKey,
  },
  'list-keys': {
    usage: '[--tenant=ID] [--client-id=my-app]',
    description: 'Lists the keys of a tenant, newest first.',
    load: async () => (await import('./keys.command.js')).listKeys,
  },
  'toggle-key': {
    usage: SELECTION,
    description: 'Disables enabled keys and enables disabled ones.',
    load: async () => (await import('./keys.command.js')).toggleKey,
  },
  'delete-key': {
    usage: SELECTION,
    description: 'Deletes one key, or all keys of a client.',
    load: async () => (await import('./keys.command.js')).deleteKey,
  },
  'create-tenant': {
    usage: '--name="Acme"',
    description: 'Creates a tenant.',
    load: async () => (await import('./tenants.command.js')).createTenant,
  },
  'list-tenants': {
    usage: '',
    description: 'Lists all tenants, newest first.',
    load: async () => (await import('./tenants.command.js')).listTenants,
  },
  'generate-sample-data': {
    usage: 'N [--tenant=ID] [--seed=S]',
    description: 'Has a worker make N events of an invented web shop over the last 30 days, and shows how far it is.',
    load: async () => (await import('./generate-sample-data.command.js')).generateSampleData,
  },
  'retry-failed': {
    usage: '[--tenant=ID] [--state=open|dead] [--event-type=TYPE] [--client-id=my-app] [--reason=TEXT]',
    description: 'Retries the failed events of a tenant, all of them or those that match.',
    load: async () => (await import('./retry-failed.command.js')).retryFailed,
  },
  'verify-audit': {
    usage: 'FILE [--checkpoint=EARLIER] [--public-key=KEY …]',
    description:
      'Checks an ndjson export of the audit trail; EARLIER is a checkpoint kept from before. One KEY must have signed. No database.',
    load: async () => (await import('./verify-audit.command.js')).verifyAudit,
  },
};

export async function findCommand(name: string): Promise<Command | OfflineCommand | undefined> {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name]?.load() : undefined;
}

export function usage(): string {
  const lines = Object.entries(COMMANDS).map(
    ([name, command]) => `  ${name} ${command.usage}\n      ${command.description}`,
  );
  return `Usage: npm run cli -- <command> [--json]\n\n${lines.join('\n')}\n`;
}
