import { resolve } from 'node:path';
import { DATABASE_SETTINGS } from '../local-postgres/child-env.js';
import { DEFAULT_DATA_DIR, findRunning, type RunningInstance } from '../local-postgres/running-instance.js';
import { type Config, ConfigError } from '../platform/config/config.js';
import { environment, readConfig } from '../platform/config/environment.js';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The settings of a command: those of the environment and, where they name no database, that of the quickstart which
 * runs in DATA_DIR.
 * @throws ConfigError
 */
export function readCommandConfig(): Config {
  const env = environment();
  const dataDir = dataDirOf(env);
  const running = dataDir === null ? null : findRunning(dataDir);
  if (isGiven(env, 'DATABASE_URL')) {
    if (running !== null) say(`This works on the database of DATABASE_URL, not on that of the ${nameOf(running)}.`);
    return readConfig(env);
  }
  if (running === null) throw new ConfigError(noDatabase(dataDir));
  const others = Object.entries(env).filter(([name]) => !DATABASE_SETTINGS.includes(name));
  return readConfig({ ...running.settings, ...Object.fromEntries(others) });
}

/** Tests look only where they are told to: theirs must not depend on what runs beside them. */
function dataDirOf(env: Env): string | null {
  if (isGiven(env, 'DATA_DIR')) return resolve(env['DATA_DIR']!.trim());
  return env['NODE_ENV'] === 'test' ? null : resolve(DEFAULT_DATA_DIR);
}

const isGiven = (env: Env, name: string): boolean => (env[name]?.trim() ?? '') !== '';

const nameOf = ({ url, pid }: RunningInstance): string => `quickstart on ${url} (pid ${pid})`;

const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);

const noDatabase = (dataDir: string | null): string =>
  'DATABASE_URL is missing, which says where the database is, for example ' +
  `postgresql://tidemark_runtime:secret@localhost:5432/tidemark${
    dataDir === null
      ? '.'
      : `; and no quickstart runs in ${dataDir}. Start one (npm run quickstart), or name its DATA_DIR.`
  }`;
