import { SETTINGS } from '../platform/config/config.js';

type Env = Readonly<Record<string, string | undefined>>;

/** What programs need to find their files and libraries; on Windows also to open sockets. */
const SYSTEM = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];
const WINDOWS = ['SystemRoot', 'SystemDrive', 'windir', 'ComSpec', 'PATHEXT', 'TEMP', 'TMP', 'USERPROFILE'];
const NODE = /^(NODE_.*|LANG|LC_.*)$/;

/** Quickstart has a database of its own and says which; only its migrations log in as the owner. */
export const DATABASE_SETTINGS = [
  'DATABASE_URL',
  'DATABASE_PASSWORD',
  'DATABASE_MIGRATION_URL',
  'DATABASE_MIGRATION_PASSWORD',
  'DATABASE_REPLICA_URL',
];

/** The part of the environment of quickstart for a program that is not part of Tidemark: no key and no password. */
export function systemEnv(env: Env = process.env): NodeJS.ProcessEnv {
  return pick(env, (name) => SYSTEM.includes(name) || (process.platform === 'win32' && isWindowsName(name)));
}

/** The same and the settings, without those of a database, for the API, the worker and commands. */
export function serviceEnv(env: Env = process.env): NodeJS.ProcessEnv {
  const isSetting = (name: string): boolean => Object.hasOwn(SETTINGS, name) && !DATABASE_SETTINGS.includes(name);
  return { ...systemEnv(env), ...pick(env, (name) => NODE.test(name) || isSetting(name)) };
}

function pick(env: Env, isWanted: (name: string) => boolean): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => isWanted(name)));
}

/** Windows ignores upper and lower case in them. */
const isWindowsName = (name: string): boolean =>
  [...SYSTEM, ...WINDOWS].some((known) => known.toLowerCase() === name.toLowerCase());
