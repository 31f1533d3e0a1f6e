import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { systemEnv } from './child-env.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { RunAs } from './run-as.js';

/** Superuser of the embedded server; it is reachable from this machine only, and only with the password. */
export const SUPERUSER = 'tidemark';

const UNFINISHED_PREFIX = 'postgres.unfinished-';

/** initdb requires a libc locale for LC_CTYPE, and systems have different ones. Text search uses it to fold case. */
const CTYPES = ['C.UTF-8', 'en_US.UTF-8', 'C'] as const;

export interface Cluster {
  /** PostgreSQL's own data directory. */
  directory: string;
  password: string;
}

export const clusterDirectory = (dataDir: string): string => join(dataDir, 'postgres');

/** The cluster in `dataDir`, created on the first call. */
export async function ensureCluster(dataDir: string, binaries: PostgresBinaries, runAs: RunAs): Promise<Cluster> {
  const directory = clusterDirectory(dataDir);
  const passwordFile = join(dataDir, 'postgres.password');
  removeUnfinished(dataDir);
  if (!existsSync(directory)) {
    writePassword(passwordFile, runAs);
    await createCluster(dataDir, directory, passwordFile, binaries, runAs);
  }
  takeOver(directory, runAs);
  return { directory, password: readPassword(passwordFile, directory) };
}

/**
 * initdb works in a folder of another name that is renamed when complete, so an initdb killed half-way leaves nothing
 * that looks like a cluster.
 */
async function createCluster(
  dataDir: string,
  directory: string,
  passwordFile: string,
  binaries: PostgresBinaries,
  runAs: RunAs,
): Promise<void> {
  let failure = '';
  for (const ctype of CTYPES) {
    const unfinished = join(dataDir, UNFINISHED_PREFIX + randomBytes(4).toString('hex'));
    mkdirSync(unfinished, { mode: 0o700 });
    if (runAs.owner !== null) chownSync(unfinished, runAs.owner.uid, runAs.owner.gid);
    const result = await runInitdb(binaries, runAs, [
      ...['-D', unfinished, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8'],
      ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', `--lc-ctype=${ctype}`],
    ]);
    if (result.ok) return renameSync(unfinished, directory);
    removeUnfinished(dataDir);
    failure = result.output;
    if (!/invalid locale/i.test(failure)) break;
  }
  throw new Error(`initdb could not create the PostgreSQL data directory ${directory}:\n${failure.trim()}`);
}

function runInitdb(binaries: PostgresBinaries, runAs: RunAs, args: string[]): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    let output = '';
    const child = runAs.spawn(binaries.initdb, args, {
      cwd: '/',
      env: postgresEnv(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', (error) => resolve({ ok: false, output: explainSpawnError(error, binaries) }));
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
}

/** Explains why a file that exists cannot be executed. */
export function explainSpawnError(error: Error, binaries: PostgresBinaries): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' && existsSync(binaries.postgres)) {
    return (
      `${binaries.postgres} is built for the GNU C library, which this system (Alpine?) does not have. ` +
      'Set DATABASE_URL to a PostgreSQL server you have.'
    );
  }
  return error.message;
}

/**
 * Neither keys, nor the PG* variables of the user's shell (PGDATA, PGPORT, …), which would reach into the private
 * server.
 */
export const postgresEnv = (): NodeJS.ProcessEnv => ({ ...systemEnv(), LC_ALL: 'C' });

/** PostgreSQL insists on owning its folder alone, and what was copied or restored belongs to root or is open to all. */
function takeOver(directory: string, { owner }: RunAs): void {
  const { uid, mode } = statSync(directory);
  if (owner !== null && uid !== owner.uid) {
    execFileSync('chown', ['-R', `${owner.uid}:${owner.gid}`, directory], { env: systemEnv() });
  }
  if ((mode & 0o077) !== 0) chmodSync(directory, 0o700);
}

function writePassword(file: string, runAs: RunAs): void {
  rmSync(file, { force: true });
  writeFileSync(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  // initdb reads the file itself, as the user it runs as.
  if (runAs.owner !== null) chownSync(file, runAs.owner.uid, runAs.owner.gid);
}

function readPassword(file: string, directory: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Error(
      `Cannot read ${file}, the password of the PostgreSQL data in ${directory} (${(error as Error).message}). ` +
        'Start as the user who created that data, or choose another DATA_DIR.',
      { cause: error },
    );
  }
}

/** An initdb orphaned by a killed parent may still be writing there, so removal is repeated and may be left undone. */
function removeUnfinished(dataDir: string): void {
  for (const name of readdirSync(dataDir).filter((entry) => entry.startsWith(UNFINISHED_PREFIX))) {
    try {
      rmSync(join(dataDir, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    } catch {
      // The next start tries again; a leftover folder costs disk space only.
    }
  }
}
