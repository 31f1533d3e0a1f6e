import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { type Config, ConfigError, loadConfig, SETTINGS } from './config.js';
import { faultOfEnvFile } from './env-file.js';
import { nearestName } from './near-names.js';

/** What quickstart reads, and this file. */
const OTHERS = ['ENV_FILE', 'DATA_DIR', 'SAMPLE_EVENTS', 'QUICKSTART_DATABASE_URL'];
const DEFAULT_FILE = '.env';
const NO_FILE = 'none';

let hasRead = false;

/**
 * The environment of this process, with what the file `.env` of its working folder adds. A variable that is there
 * already stays, also an empty one. ENV_FILE names another file, which must then be there; `none` reads none. Tests,
 * which say NODE_ENV=test, read a file only where ENV_FILE names it: theirs must not depend on who runs them.
 * @throws ConfigError when the file is broken
 */
export function environment(): NodeJS.ProcessEnv {
  if (!hasRead) addFile(process.env);
  hasRead = true;
  return process.env;
}

function addFile(env: NodeJS.ProcessEnv): void {
  const named = env['ENV_FILE']?.trim() ?? '';
  if (named === NO_FILE || (named === '' && env['NODE_ENV'] === 'test')) return;
  const file = resolve(named === '' ? DEFAULT_FILE : named);
  const text = read(file, named !== '');
  if (text === null) return;
  const fault = faultOfEnvFile(text);
  if (fault !== null) throw new ConfigError(`${file}, line ${fault.line}: ${fault.why}`);
  for (const [name, value] of Object.entries(parseEnv(text))) env[name] ??= value;
}

/** @returns null for a file that is not there and need not be */
function read(file: string, isNamed: boolean): string | null {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, ''); // as editors of Windows begin a file
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !isNamed) return null;
    throw new ConfigError(`${isNamed ? 'ENV_FILE ' : ''}${file} cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Reads and checks every setting of this process, and names on standard error what looks like a misspelt one.
 * @throws ConfigError
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = environment()): Config {
  for (const sentence of misspeltSettings(env)) process.stderr.write(`${sentence}\n`);
  return loadConfig(env);
}

/** A sentence for each variable that is nearly called like a setting. They may belong to another program. */
export function misspeltSettings(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = [...Object.keys(SETTINGS), ...OTHERS];
  return Object.keys(env).flatMap((name) => {
    const meant = nearestName(name, known);
    return meant === undefined ? [] : [`${name} is not a setting and changes nothing. Did you mean ${meant}?`];
  });
}
