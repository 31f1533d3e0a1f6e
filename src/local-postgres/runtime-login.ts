import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The login of the API and the worker; the migrations create it. */
const RUNTIME_LOGIN = 'tidemark_runtime';

const FILE = 'postgres.runtime-login';

/**
 * The URL of the same database for another login, whose password is kept in `dataDir`.
 * @param name of the login if there is none yet
 */
export function runtimeUrl(ownerUrl: string, dataDir: string, name = RUNTIME_LOGIN): string {
  const [username = '', password = ''] = readOrMake(join(dataDir, FILE), name).split(':');
  return Object.assign(new URL(ownerUrl), { username, password }).toString();
}

/** On a server that others use too, where the login of another DATA_DIR has another password. */
export const uniqueLogin = (): string => `${RUNTIME_LOGIN}_${randomBytes(4).toString('hex')}`;

/** @returns name:password */
function readOrMake(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const login = `${name}:${randomBytes(24).toString('base64url')}`;
  writeFileSync(file, `${login}\n`, { mode: 0o600 });
  return login;
}
