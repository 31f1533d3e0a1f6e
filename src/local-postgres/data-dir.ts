import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from './run-as.js';
import { RUNNING_FILE } from './running-instance.js';

/** The folder cannot be used; the message says what to do. */
export class DataDirError extends Error {}

const SECRET_FILES = ['postgres.password', 'postgres.runtime-login', 'audit-signing-key.pem', RUNNING_FILE];

/** One of these makes a folder a DATA_DIR; another folder that is not empty belongs to something else. */
const SIGNS = new Set([...SECRET_FILES, 'postgres.port', 'quickstart.json', 'quickstart.lock', 'archive']);

/** Creates DATA_DIR, or repairs it: keys, passwords and other people's events are for its owner only. */
export function makePrivate(dataDir: string): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  checkOwner(dataDir);
  const names = readdirSync(dataDir).filter((name) => name !== 'lost+found');
  if (names.length > 0 && !names.some((name) => SIGNS.has(name))) {
    throw new DataDirError(
      `The folder ${dataDir} holds other files, and quickstart makes its folder readable by one user only. ` +
        'Choose a new or an empty one with DATA_DIR, for example: DATA_DIR=.data npm run quickstart',
    );
  }
  chmodSync(dataDir, 0o700);
  for (const name of SECRET_FILES) if (names.includes(name)) chmodSync(join(dataDir, name), 0o600);
}

function checkOwner(dataDir: string): void {
  const uid = process.getuid?.();
  const owner = statSync(dataDir).uid;
  if (uid === undefined || uid === 0 || uid === owner) return;
  throw new DataDirError(
    `The folder ${dataDir} belongs to the user with uid ${owner}, and you are uid ${uid}. ` +
      'Start as that user (or as root, if root created it), or choose another DATA_DIR.',
  );
}

/**
 * When root starts PostgreSQL as another user, only that user must be able to reach its files in the folder. So that
 * user becomes the owner of the folder, whose mode is 0700. Root can read everything. The secrets inside stay root's
 * own.
 */
export function letThrough(dataDir: string, owner: Owner | null): void {
  if (owner === null || statSync(dataDir).uid === owner.uid) return;
  try {
    chownSync(dataDir, owner.uid, owner.gid);
  } catch {
    // On some network file systems not even root may do this; PostgreSQL is then started with the capability to pass.
  }
}
