import { Command } from 'commander';
import { version } from '../platform/config/version.js';
import { DEFAULT_TENANT_ID } from '../platform/http/principal.js';
import { redact } from '../platform/logging/redact.js';
import type { BackfillOptions } from './backfill-clickhouse.command.js';
import { readCommandConfig } from './command-config.js';
import type { CreateKeyOptions } from './create-key.command.js';
import type { SampleDataOptions } from './generate-sample-data.command.js';
import type { KeySelection } from './keys.command.js';
import type { MigrateOptions } from './migrate.command.js';
import type { ExportTenantOptions } from './move-tenant.command.js';
import type { OutputOptions } from './output.js';
import type { RecountOptions } from './recount.command.js';
import type { RetryFailedOptions } from './retry-failed.command.js';
import type { RunRetentionOptions } from './run-retention.command.js';
import type { CreateTenantOptions } from './tenants.command.js';
import type { VerifyAuditOptions } from './verify-audit.command.js';

interface ProgramOptions {
  /** How it is called, for its help. */
  name: string;
  /** The caller prints what is wrong. */
  quiet: boolean;
  onCommand: (command: Command) => void;
}

/**
 * Every command with its options: `--help` of each shows what stands here. What a command needs is imported when it is
 * called: half of a command's time is spent importing what others need.
 */
export function buildProgram({ name, quiet, onCommand }: ProgramOptions): Command {
  const program = new Command(name)
    .description(
      'Runs Tidemark from the command line. Settings come from the environment and .env, as for API and worker; ' +
        'without DATABASE_URL, from the quickstart that runs in DATA_DIR.',
    )
    .version(version, '--version', 'prints the version')
    .exitOverride()
    .showHelpAfterError('(add --help to see what it takes)')
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => (quiet ? true : process.stderr.write(redact(text))),
    })
    .hook('preAction', (_program, command) => onCommand(command));
  addOperations(program);
  addKeys(program);
  addTenants(program);
  addEvents(program);
  addAudit(program);
  addArchives(program);
  return program;
}

const command = (program: Command, name: string, description: string) =>
  program.command(name).description(description).option('--json', 'prints one line of JSON', false);

const ofTenant = (to: Command) => to.option('--tenant <id or name>', 'id or name of the tenant', DEFAULT_TENANT_ID);

function addOperations(program: Command): void {
  command(
    program,
    'migrate',
    'Brings the database to this version and makes the login of DATABASE_URL, or takes back the newest migration.',
  )
    .option('--revert', 'takes back the newest migration', false)
    .action(async (options: MigrateOptions) =>
      (await import('./migrate.command.js')).migrateDatabase(readCommandConfig(), options),
    );
  command(
    program,
    'doctor',
    'Checks database, login, queue, migrations, partitions, sealing, clock and disk, and says what to do.',
  ).action(async (options: OutputOptions) =>
    (await import('./doctor.command.js')).doctor(readCommandConfig(), options),
  );
  command(
    program,
    'recount',
    'Compares the counts of whole UTC days with the events, also while events come in. Exit code 1: differences found and left.',
  )
    .option('--engine <name>', 'clickhouse: compares the events there with those in PostgreSQL instead')
    .option('--from <time>', 'first day: a date, or a date-time with its offset')
    .option('--to <time>', 'end, which is not compared any more')
    .option('--tenant <id or name>', 'only this tenant')
    .option('--repair', 'puts right what differs', false)
    .action(async (options: RecountOptions) =>
      (await import('./recount.command.js')).recount(readCommandConfig(), options),
    );
  command(
    program,
    'backfill-clickhouse',
    'Sends all events to ClickHouse, also while events come in; run again, it goes on where it was.',
  )
    .option('--restart', 'empties ClickHouse first', false)
    .action(async (options: BackfillOptions) =>
      (await import('./backfill-clickhouse.command.js')).backfillClickHouse(readCommandConfig(), options),
    );
  command(
    program,
    'run-retention',
    'Removes now what is past its time, or says what would go, by table, tenant and month.',
  )
    .option('--dry-run', 'changes nothing', false)
    .option('--task <name>', 'only events, audit or housekeeping')
    .action(async (options: RunRetentionOptions) =>
      (await import('./run-retention.command.js')).runRetention(readCommandConfig(), options),
    );
}

function addKeys(program: Command): void {
  ofTenant(command(program, 'create-key', 'Creates an API key and shows it this once.'))
    .option('--client-id <name>', 'name of the client that will use it, like my-app')
    .option('--name <text>', 'what people call the key; the name of the client when absent')
    .option(
      '--scopes <list>',
      'with commas between: track (for pages and devices: sends events, nothing else), read, write, admin, platform',
      'read,write',
    )
    .option('--rate-limit <n>', 'requests in a window')
    .option('--rate-window-s <seconds>', 'length of the window')
    .option('--event-limit <n>', 'events in a window')
    .option('--expires-at <time>', 'when it ends, like 2030-01-01T00:00:00Z')
    .action(async (options: CreateKeyOptions) =>
      (await import('./create-key.command.js')).createKey(readCommandConfig(), options),
    );
  const selecting = (name: string, description: string) =>
    ofTenant(command(program, name, description))
      .option('--client-id <name>', 'all keys of this client')
      .option('--id <id>', 'this key');
  selecting('list-keys', 'Lists the keys of a tenant, newest first.').action(async (options: KeySelection) =>
    (await import('./keys.command.js')).listKeys(readCommandConfig(), options),
  );
  selecting('toggle-key', 'Disables enabled keys and enables disabled ones.').action(async (options: KeySelection) =>
    (await import('./keys.command.js')).toggleKeys(readCommandConfig(), options),
  );
  selecting('delete-key', 'Deletes one key, or all keys of a client.').action(async (options: KeySelection) =>
    (await import('./keys.command.js')).deleteKeys(readCommandConfig(), options),
  );
}

function addTenants(program: Command): void {
  command(program, 'create-tenant', 'Creates a tenant.')
    .option('--name <text>', 'its name, 1 to 255 characters')
    .action(async (options: CreateTenantOptions) =>
      (await import('./tenants.command.js')).createTenant(readCommandConfig(), options),
    );
  command(program, 'list-tenants', 'Lists all tenants, newest first.').action(async (options: OutputOptions) =>
    (await import('./tenants.command.js')).listTenants(readCommandConfig(), options),
  );
  command(program, 'export-tenant', 'Suspends a tenant and writes all it has to a file, for another installation.')
    .argument('<tenant>', 'its id or name')
    .option('--out <path>', 'the file, or the folder for one that is named after the tenant')
    .action(async (tenant: string, options: ExportTenantOptions) =>
      (await import('./move-tenant.command.js')).exportTenantTo(readCommandConfig(), tenant, options),
    );
  command(
    program,
    'import-tenant',
    'Brings in a tenant from the file of export-tenant: all of it, checked, or nothing. As the owner of the tables (DATABASE_MIGRATION_URL).',
  )
    .argument('<file>', 'that export-tenant wrote')
    .action(async (file: string, options: OutputOptions) =>
      (await import('./move-tenant.command.js')).importTenantFrom(readCommandConfig(), file, options),
    );
}

function addEvents(program: Command): void {
  ofTenant(
    command(
      program,
      'generate-sample-data',
      'Has a worker make events of an invented web shop over the last 30 days, and shows how far it is.',
    ),
  )
    .argument('<n>', 'how many events')
    .option('--seed <number>', 'the same number makes the same events')
    .action(async (count: string, options: SampleDataOptions) =>
      (await import('./generate-sample-data.command.js')).generateSampleData(readCommandConfig(), count, options),
    );
  ofTenant(command(program, 'retry-failed', 'Retries the failed events of a tenant, all of them or those that match.'))
    .option('--state <state>', 'open or dead')
    .option('--event-type <type>', 'of this type')
    .option('--client-id <name>', 'of this client')
    .option('--reason <text>', 'with this text in the reason')
    .action(async (options: RetryFailedOptions) =>
      (await import('./retry-failed.command.js')).retryFailed(readCommandConfig(), options),
    );
}

/** Without settings or a database. */
function addAudit(program: Command): void {
  command(
    program,
    'verify-audit',
    'Checks ndjson exports and archives of the audit log, also several together. Exit code 1: one does not verify.',
  )
    .argument('<files...>', 'exports and archives; an export of everything must go on from the archives')
    .option('--checkpoint <file>', 'a checkpoint kept from before, which the export must continue')
    .option('--public-key <key>', 'one of these must have signed; may be given several times', collect)
    .action(async (files: string[], options: VerifyAuditOptions) => {
      const ok = await (await import('./verify-audit.command.js')).verifyAudit(files, options);
      if (!ok) process.exitCode = 1;
    });
}

function addArchives(program: Command): void {
  command(
    program,
    'restore-archive',
    'Brings the entries of an archive back, to be found and exported for ARCHIVE_RESTORE_DAYS. Twice changes nothing.',
  )
    .argument('<file>', 'a path, or the name that GET /logs/archives shows')
    .action(async (file: string, options: OutputOptions) =>
      (await import('./restore-archive.command.js')).restoreArchive(readCommandConfig(), file, options),
    );
}

const collect = (value: string, before: string[] = []) => [...before, value];
