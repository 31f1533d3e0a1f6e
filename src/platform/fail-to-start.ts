import { ConfigError } from './config/config.js';
import { explainRefusal, UnfitServerError } from './database/server-checks.js';
import { UnfitRedisError } from './redis/redis-fitness.js';
import { redact } from './logging/redact.js';

/** Prints why the process cannot start, in words for the operator where they can change it, and exits 1. */
export function failToStart(error: unknown): never {
  process.stderr.write(`${redact(explain(error))}\n`);
  process.exit(1);
}

const REFUSALS = [ConfigError, UnfitServerError, UnfitRedisError];

function explain(error: unknown): string {
  if (REFUSALS.some((refusal) => error instanceof refusal)) return (error as Error).message;
  const refusal = explainRefusal(error);
  if (refusal !== undefined) return `PostgreSQL: ${refusal}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
