import { resolve } from 'node:path';
import { DATABASE_SETTINGS } from '../local-postgres/child-env.js';
import { DEFAULT_DATA_DIR } from '../local-postgres/running-instance.js';
import { loadConfig, SETTINGS } from '../platform/config/config.js';
import { listHosts } from '../platform/config/database-url.js';
import type { RedisConfig } from '../platform/redis/redis-client.js';

/** A failure with a sentence for the person at the terminal; shown without a stack trace. */
export class QuickstartError extends Error {}

export interface QuickstartOptions {
  /** 0: any free one. */
  port: number;
  /** Where the API listens. */
  host: string;
  dataDir: string;
  sampleEvents: number;
  /** Sample events reach back this far. */
  sampleDays: number;
  platformApiKey: string | undefined;
  /** Requests per window that one key may be given; undefined: any number. */
  tenantRateLimit: string | undefined;
  /** A server to use instead of the embedded one, as the owner of the database. */
  databaseUrl: string | undefined;
  /** Settings of a database that are there and not meant for quickstart. */
  unusedSettings: string[];
  /** Queue and rate limits, where they are not to live in PostgreSQL and in the process. */
  redis: RedisConfig | undefined;
  /** For who works on Tidemark: API and worker start again with each change of the sources. */
  watch: boolean;
}

/**
 * What quickstart itself takes from the environment. All other settings are checked too, before anything is started.
 * @throws QuickstartError, or ConfigError
 */
export function readOptions(env: NodeJS.ProcessEnv, watch = false): QuickstartOptions {
  loadConfig({
    NODE_ENV: 'development',
    ...env,
    DATABASE_URL: 'postgresql://localhost/tidemark',
    ...NO_OTHER_DATABASE,
  });
  return {
    port: wholeNumber(env, 'PORT', 3000, 65_535),
    host: text(env, 'HOST') ?? '127.0.0.1',
    dataDir: resolve(text(env, 'DATA_DIR') ?? DEFAULT_DATA_DIR),
    sampleEvents: wholeNumber(env, 'SAMPLE_EVENTS', 1000, 1_000_000),
    sampleDays: Math.min(30, Math.max(1, wholeNumber(env, 'EVENT_RETENTION_DAYS', 90, 36_500))),
    platformApiKey: text(env, 'PLATFORM_API_KEY'),
    tenantRateLimit: text(env, 'TENANT_RATE_LIMIT'),
    databaseUrl: databaseUrl(env),
    unusedSettings: DATABASE_SETTINGS.filter((name) => text(env, name) !== undefined),
    redis: redis(env),
    watch,
  };
}

const NO_OTHER_DATABASE = {
  DATABASE_PASSWORD: '',
  DATABASE_MIGRATION_URL: '',
  DATABASE_MIGRATION_PASSWORD: '',
  DATABASE_REPLICA_URL: '',
};

function text(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function redis(env: NodeJS.ProcessEnv): RedisConfig | undefined {
  const REDIS_URL = text(env, 'REDIS_URL');
  return REDIS_URL === undefined ? undefined : { REDIS_URL, REDIS_CA_FILE: text(env, 'REDIS_CA_FILE') };
}

/** Whoever looks at Tidemark for the first time must not find its tables in a database that another program uses. */
function databaseUrl(env: NodeJS.ProcessEnv): string | undefined {
  const raw = text(env, 'QUICKSTART_DATABASE_URL');
  if (raw === undefined) return undefined;
  try {
    if (listHosts(raw).length > 1) throw new Error('must name one host: quickstart is for one machine');
    return SETTINGS.DATABASE_URL.parse(raw);
  } catch (error) {
    throw new QuickstartError(`QUICKSTART_DATABASE_URL ${(error as Error).message}`);
  }
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string, fallback: number, max: number): number {
  const raw = text(env, name);
  if (raw === undefined) return fallback;
  if (/^\d+$/.test(raw) && Number(raw) <= max) return Number(raw);
  throw new QuickstartError(`${name} must be a whole number from 0 to ${max}; for example ${name}=${fallback}`);
}
