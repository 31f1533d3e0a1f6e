import { RETENTION_SETTINGS } from './retention-settings.js';
import { ARCHIVE_SETTINGS, type OptionalArchiveSetting } from './archive-settings.js';
import { AUDIT_SETTINGS } from './audit-settings.js';
import { CLICKHOUSE_SETTINGS, type OptionalClickHouseSetting } from './clickhouse-settings.js';
import {
  HOW_TO_MAKE_A_WEBHOOK_SECRET,
  MONITORING_SETTINGS,
  type OptionalMonitoringSetting,
} from './monitoring-settings.js';
import { faultOfCaFile, REDIS_SETTINGS, type RedisSetting } from './redis-settings.js';
import { type OptionalTracingSetting, TRACING_SETTINGS } from './tracing-settings.js';
import { keepSecret } from './secret-values.js';
import { withPassword } from './database-password.js';
import { DATABASE_SETTINGS } from './database-settings.js';
import {
  duration,
  ed25519Key,
  flag,
  headerNames,
  integer,
  oneOf,
  origins,
  proxies,
  secret,
  type Setting,
  text,
} from './settings.js';

/** Every setting Tidemark reads, in the order `.env.example` shows them. Only environment.ts reads `process.env`. */
export const SETTINGS = {
  NODE_ENV: oneOf(['production', 'development', 'test'], {
    default: 'production',
    description: 'Development and test allow ?api_key= and SKIP_AUTH.',
  }),
  HOST: text({
    default: '127.0.0.1',
    description: "Address that the API and the worker's health port listen on; 0.0.0.0: every one of this machine.",
  }),
  PORT: integer(0, 65_535, { default: 3000, description: 'Port of the API; 0 picks a free one.' }),
  KEEP_ALIVE_SECONDS: integer(1, 3_600, {
    default: 65,
    description:
      'Seconds that the API keeps an idle connection open. Longer than a proxy or load balancer in front keeps it (AWS ALB, nginx: 60), or now and then one of its requests hits a closing connection.',
  }),
  SHUTDOWN_GRACE_SECONDS: integer(0, 600, {
    default: 0,
    description:
      'Seconds that the API goes on answering after SIGTERM, while /health/ready says 503: longer than load balancers take to notice (checks in a row × seconds between them), with five more until whoever stops it kills it.',
  }),
  WORKER_HEALTH_PORT: integer(0, 65_535, {
    default: 3001,
    description: "Port of the worker's /health/live and /health/ready; 0 picks a free one.",
  }),
  ...DATABASE_SETTINGS,
  ...REDIS_SETTINGS,
  ...CLICKHOUSE_SETTINGS,
  PLATFORM_API_KEY: secret(24, {
    description:
      'A key with the platform scope that exists by configuration, at least 24 characters that nobody can guess (openssl rand -base64 32). Leave empty to use created keys only.',
  }),
  API_KEY_HEADERS: headerNames({
    default: ['CSIQ-APIKEY'],
    description: 'Further headers that may carry an API key, besides X-API-Key and Authorization.',
  }),
  SKIP_AUTH: flag({
    default: false,
    description: 'Treat every request without a credential as the platform key. Refused in production.',
  }),
  MAX_BATCH_SIZE: integer(1, 10_000, { default: 1000, description: 'Most events in one POST /events/batch.' }),
  MAX_BODY_BYTES: integer(65_536, 104_857_600, {
    default: 5_242_880,
    description: 'Largest request body in bytes, counted after inflating.',
  }),
  INGEST_BUFFER_BYTES: integer(1_048_576, 1_073_741_824, {
    default: 33_554_432,
    description: 'Memory for events that wait for their commit, in bytes; beyond it requests get 503.',
  }),
  WORKER_CONCURRENCY: integer(1, 64, { default: 4, description: 'Jobs a worker process handles at once.' }),
  CORS_ORIGINS: origins({
    default: [],
    example: 'https://app.example.com,https://admin.example.com',
    description:
      'Origins whose pages may call every route and Socket.IO from a browser; * means any, empty means none. Cookies are never allowed.',
  }),
  SOCKETS_PER_KEY: integer(1, 100_000, {
    default: 20,
    description: 'Live (Socket.IO) connections that one key may have open to one API process.',
  }),
  TRUST_PROXY: proxies({
    default: 'false',
    example: 'loopback',
    description:
      'Proxies whose X-Forwarded-For is believed: false, how many stand in front (1), or their addresses and subnets.',
  }),
  LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least severe log line written. Logs are JSON lines on standard output.',
  }),
  LOG_DIR: text({ description: 'Folder for rotated log files, besides standard output. Empty means none.' }),
  ACCESS_LOG: flag({
    default: true,
    description:
      'One log line for each request: method, route, status, time, bytes, name of the key, tenant, request id. In access.log of LOG_DIR, or on standard output.',
  }),
  JWT_SECRET: secret(32, {
    description:
      'Key that signs access tokens (HS256), at least 32 characters that nobody can guess; absent: one that the installation made for itself.',
  }),
  JWT_PRIVATE_KEY: ed25519Key({
    description: 'Ed25519 key that signs access tokens instead (base64 of PKCS #8 DER): algorithm EdDSA, else HS256.',
  }),
  JWT_EXPIRES_IN: duration({ default: 900, example: '15m', description: 'Life of an access token.' }),
  SESSION_IDLE_TIMEOUT: duration({
    default: 28_800,
    example: '8h',
    description: 'A sign-in at the dashboard ends when nothing was asked for so long.',
  }),
  SESSION_LIFETIME: duration({
    default: 604_800,
    example: '7d',
    description: 'A sign-in at the dashboard ends after so long, used or not.',
  }),
  RATE_LIMIT_ALGORITHM: oneOf(['sliding', 'fixed'], { default: 'sliding', description: 'Window of the rate limits.' }),
  API_REPLICAS: integer(1, 1_000, {
    default: 1,
    description: 'API processes; while Redis is away each of them takes its share of every rate limit.',
  }),
  RATE_LIMIT_REQUESTS: integer(1, 10_000_000, {
    default: 600,
    description: 'Requests per window of a key without its own limit.',
  }),
  RATE_LIMIT_WINDOW_SECONDS: integer(1, 86_400, {
    default: 60,
    description: 'Length of the rate-limit window in seconds.',
  }),
  TENANT_RATE_LIMIT: integer(1, 1_000_000_000, {
    example: '6000',
    description:
      'Requests per RATE_LIMIT_WINDOW_SECONDS of all keys of a tenant together, whatever limits they have; empty means no such ceiling. Platform keys are not counted.',
  }),
  ...RETENTION_SETTINGS,
  EVENT_CONTEXT: oneOf(['truncated', 'full', 'user_agent', 'off'], {
    default: 'truncated',
    description:
      'What is kept of the request that brought an event: user agent and address without its last part (IPv4 /24, IPv6 /48; in the call log too), both in full, the user agent only, or nothing.',
  }),
  FAILED_RETRY_SECONDS: integer(1, 86_400, {
    default: 600,
    description: 'Seconds between two looks for failed events to retry, and the first step of their backoff.',
  }),
  ...AUDIT_SETTINGS,
  ...ARCHIVE_SETTINGS,
  ANALYTICS_CACHE_TTL_SECONDS: integer(0, 86_400, {
    default: 10,
    description: 'Seconds a dashboard answer may be reused; 0 turns the cache off.',
  }),
  ...MONITORING_SETTINGS,
  ...TRACING_SETTINGS,
} as const satisfies Record<string, Setting<unknown>>;

type Settings = typeof SETTINGS;
type SettingName = keyof Settings;
type Value<S> = S extends Setting<infer T> ? T : never;
/** Settings that have no default and need not be given. */
type Optional =
  | 'DATABASE_MIGRATION_URL'
  | 'DATABASE_REPLICA_URL'
  | RedisSetting
  | OptionalClickHouseSetting
  | 'PLATFORM_API_KEY'
  | 'JWT_SECRET'
  | 'JWT_PRIVATE_KEY'
  | 'LOG_DIR'
  | 'DATABASE_PASSWORD'
  | 'DATABASE_MIGRATION_PASSWORD'
  | 'TENANT_RATE_LIMIT'
  | OptionalMonitoringSetting
  | OptionalTracingSetting
  | 'DATABASE_DISK_BYTES'
  | AuditKeySetting
  | OptionalArchiveSetting;
type AuditKeySetting =
  | 'AUDIT_SIGNING_KEY'
  | 'AUDIT_SIGNING_KEY_FILE'
  | 'AUDIT_PREVIOUS_SIGNING_KEY'
  | 'AUDIT_PREVIOUS_SIGNING_KEY_FILE'
  | 'AUDIT_CHECKPOINT_LOG';

export type Config = Readonly<{
  [K in SettingName]: K extends Optional ? Value<Settings[K]> | undefined : Value<Settings[K]>;
}>;

/** What the migrations need: {@link Config} has it. */
export interface MigrationConfig {
  readonly DATABASE_URL: string;
  readonly DATABASE_MIGRATION_URL?: string | undefined;
}

/** Nest injection token of the validated {@link Config}. */
export const CONFIG = Symbol('CONFIG');

/** A setting with which the process cannot start; the message names it and says what to do. */
export class ConfigError extends Error {}

/** Of one setting. @param why completes "NAME …" */
export const wrongSetting = (name: SettingName, why: string): ConfigError => explainAll([`${name} ${why}`]);

const explainAll = (problems: readonly string[]) => new ConfigError(`Wrong configuration:\n  ${problems.join('\n  ')}`);

/** Shorter ones occur in ordinary text, which would be made unreadable. */
const SHORTEST_SECRET = 8;

/**
 * Reads and checks every setting; an empty variable counts as absent. From then on, secret values are kept out of logs.
 * @throws ConfigError naming each wrong variable, what is wrong with its value, and an example.
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    const raw = env[name]?.trim();
    if (raw === undefined || raw === '') {
      values[name] = setting.default;
      continue;
    }
    try {
      values[name] = setting.parse(raw);
    } catch (error) {
      problems.push(`${name} ${(error as Error).message}${example(setting)}`);
    }
  }
  keepSecrets(values);
  const config = values as Config;
  if (env['DATABASE_URL'] === undefined || env['DATABASE_URL'] === '') {
    problems.push(`DATABASE_URL is missing${example(SETTINGS.DATABASE_URL)}`);
  }
  if (config.SKIP_AUTH && config.NODE_ENV === 'production') {
    problems.push('SKIP_AUTH must not be true in production; set NODE_ENV=development on a private machine instead');
  }
  if (config.ALERT_WEBHOOK_URL !== undefined && config.ALERT_WEBHOOK_SECRET === undefined) {
    problems.push(`ALERT_WEBHOOK_SECRET is missing; ALERT_WEBHOOK_URL needs it: ${HOW_TO_MAKE_A_WEBHOOK_SECRET}`);
  }
  if ((config.ARCHIVE_S3_ACCESS_KEY_ID === undefined) !== (config.ARCHIVE_S3_SECRET_ACCESS_KEY === undefined)) {
    problems.push('ARCHIVE_S3_ACCESS_KEY_ID and ARCHIVE_S3_SECRET_ACCESS_KEY belong together; set both or neither');
  }
  const wrongCa = problems.length === 0 ? faultOfCaFile(config) : undefined;
  if (wrongCa !== undefined) problems.push(`REDIS_CA_FILE ${wrongCa}`);
  for (const [url, password] of problems.length === 0 ? LOGINS : []) {
    if (url === 'DATABASE_REPLICA_URL' && !needsPassword(config[url])) continue;
    try {
      values[url] = withPassword(config[url], config[password]);
    } catch (error) {
      problems.push(`${password} ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) throw explainAll(problems);
  return Object.freeze(config);
}

/** Each URL with the setting that may hold its password. */
const LOGINS = [
  ['DATABASE_URL', 'DATABASE_PASSWORD'],
  ['DATABASE_MIGRATION_URL', 'DATABASE_MIGRATION_PASSWORD'],
  ['DATABASE_REPLICA_URL', 'DATABASE_PASSWORD'],
] as const;

const needsPassword = (url: string | undefined) => url !== undefined && new URL(url).password === '';

function keepSecrets(values: Readonly<Record<string, unknown>>): void {
  for (const [name, { isSecret }] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    const value = values[name];
    if (!isSecret || value === undefined) continue;
    const texts = typeof value === 'object' ? Object.values(value as object) : [value];
    for (const text of texts) if (typeof text === 'string' && text.length >= SHORTEST_SECRET) keepSecret(text);
  }
}

function example(setting: Setting<unknown>): string {
  return setting.example === '' ? '' : `; for example ${setting.example}`;
}

/** The text of `.env.example`: every setting, commented out where the default is good enough. */
export function envExample(): string {
  const lines = [
    '# Every setting of Tidemark. Copy to .env and change what you need; lines in comments show the default.',
    '# A process reads .env in the folder where it starts; variables of its environment win. ENV_FILE names another file,',
    '# ENV_FILE=none reads none. Put values with # or spaces in quotes, those with $ in single ones.',
  ];
  for (const [name, setting] of Object.entries(SETTINGS) as [string, Setting<unknown>][]) {
    lines.push('', `# ${setting.description}`);
    lines.push(`${name === 'DATABASE_URL' ? '' : '# '}${name}=${setting.example}`);
  }
  return `${lines.join('\n')}\n`;
}
