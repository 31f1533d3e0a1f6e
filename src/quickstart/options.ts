import { resolve } from 'node:path';
import { SETTINGS } from '../platform/config/config.js';

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
  /** A server to use instead of the embedded one. */
  databaseUrl: string | undefined;
  /** The same as its owner; without it, `databaseUrl` is the owner's. */
  migrationUrl: string | undefined;
  /** For who works on Tidemark: API and worker start again with each change of the sources. */
  watch: boolean;
}

/** What quickstart itself takes from the environment; the API and the worker check the rest. */
export function readOptions(env: NodeJS.ProcessEnv, watch = false): QuickstartOptions {
  return {
    port: wholeNumber(env, 'PORT', 3000, 65_535),
    host: text(env, 'HOST') ?? '127.0.0.1',
    dataDir: resolve(text(env, 'DATA_DIR') ?? '.data'),
    sampleEvents: wholeNumber(env, 'SAMPLE_EVENTS', 1000, 1_000_000),
    sampleDays: Math.min(30, Math.max(1, wholeNumber(env, 'EVENT_RETENTION_DAYS', 90, 36_500))),
    platformApiKey: platformKey(env),
    tenantRateLimit: text(env, 'TENANT_RATE_LIMIT'),
    databaseUrl: text(env, 'DATABASE_URL'),
    migrationUrl: text(env, 'DATABASE_MIGRATION_URL'),
    watch,
  };
}

function text(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

/** Checked here too, before anything is started: the API refuses what is weak. */
function platformKey(env: NodeJS.ProcessEnv): string | undefined {
  const raw = text(env, 'PLATFORM_API_KEY');
  if (raw === undefined) return undefined;
  try {
    return SETTINGS.PLATFORM_API_KEY.parse(raw);
  } catch (error) {
    throw new QuickstartError(`PLATFORM_API_KEY ${(error as Error).message}`);
  }
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string, fallback: number, max: number): number {
  const raw = text(env, name);
  if (raw === undefined) return fallback;
  if (/^\d+$/.test(raw) && Number(raw) <= max) return Number(raw);
  throw new QuickstartError(`${name} must be a whole number from 0 to ${max}; for example ${name}=${fallback}`);
}
