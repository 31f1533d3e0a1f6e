import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '../config/config.js';
import { rolledFile } from './logger.js';

/** One request and its answer. Without the address's query and without texts of the caller: both may hold a secret. */
export interface AccessLine {
  request_id: string;
  method: string;
  /** As it is declared, like `/api/v1/events/:id`; null where no route took the request. */
  route: string | null;
  /** Only where there is no route. */
  path?: string;
  status: number;
  ms: number;
  /** Length of the answer; null where it was not known before it was sent. */
  bytes: number | null;
  /** Name of the key; null without a credential. */
  key: string | null;
  tenant_id: string | null;
}

/** Refusals that an operator looks for: attempts to get in, or a client in a loop. */
const REFUSED = new Set([401, 403, 429]);

const MESSAGE = 'answered';

/** A line for each request, at info; refusals are warnings. */
export class AccessLog {
  constructor(private readonly pino: Logger) {}

  write(line: AccessLine): void {
    if (REFUSED.has(line.status)) this.pino.warn(line, MESSAGE);
    else this.pino.info(line, MESSAGE);
  }
}

/** In `access.log` of LOG_DIR, else on standard output. @returns null where ACCESS_LOG or LOG_LEVEL wants none */
export async function createAccessLog(
  config: Pick<Config, 'ACCESS_LOG' | 'LOG_LEVEL' | 'LOG_DIR'>,
): Promise<AccessLog | null> {
  const { ACCESS_LOG, LOG_LEVEL: level, LOG_DIR: folder } = config;
  if (!ACCESS_LOG || !pinoWrites(level)) return null;
  // Not in step with the requests: what comes while one line is being written goes out together with it.
  const stream =
    folder === undefined ? pino.destination({ dest: 1, sync: false }) : await rolledFile(folder, 'access.log');
  const options = {
    level,
    base: { process: 'api', context: 'Access' },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return new AccessLog(pino(options, stream));
}

const pinoWrites = (level: string): boolean => ['trace', 'debug', 'info', 'warn'].includes(level);
