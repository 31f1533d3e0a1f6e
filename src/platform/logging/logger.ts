import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, multistream, pino, stdTimeFunctions } from 'pino';
import roll from 'pino-roll';
import { type Config, wrongSetting } from '../config/config.js';
import { redact } from './redact.js';
import { logFields } from './log-context.js';

/** Longest text kept of one log message; a caller must not be able to fill the disk with one request. */
const MAX_MESSAGE = 8_192;
/** Longer texts are cut to this length before they are searched for credentials; no more is kept. */
const MAX_READ = 4 * MAX_MESSAGE;

/**
 * JSON lines on standard output, and in rotated files when LOG_DIR is set. Each tells the request and the tenant it
 * belongs to, if any.
 */
export async function createLogger(
  config: Pick<Config, 'LOG_LEVEL' | 'LOG_DIR'>,
  process: string,
): Promise<NestLogger> {
  const streams: { stream: DestinationStream; level: 'trace' | 'error' }[] = [
    { stream: pino.destination(1), level: 'trace' },
  ];
  if (config.LOG_DIR !== undefined) {
    makeWritable(config.LOG_DIR);
    streams.push({ stream: await rolledFile(config.LOG_DIR, `${process}.log`), level: 'trace' });
    streams.push({ stream: await rolledFile(config.LOG_DIR, `${process}-errors.log`), level: 'error' });
  }
  const options = {
    level: config.LOG_LEVEL,
    base: { process },
    timestamp: stdTimeFunctions.isoTime,
    mixin: logFields,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return new NestLogger(pino(options, multistream(streams)));
}

/** Ten files of 10 MB at most. */
export const rolledFile = (folder: string, name: string): Promise<DestinationStream> =>
  roll({ file: join(folder, name), size: '10m', limit: { count: 10 }, mkdir: true });

/** @throws ConfigError */
function makeWritable(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw wrongSetting('LOG_DIR', `must be a folder that can be written to: ${(error as Error).message}`);
  }
}

/** Nest logs every module and route as it starts: only useful for debugging. */
const CHATTY = new Set(['InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestFactory', 'NestApplication']);

/** Nest's logger interface over pino: the last string argument is the context, as Nest passes it. */
export class NestLogger implements LoggerService {
  constructor(private readonly pino: Logger) {}

  log = (message: unknown, ...rest: unknown[]) => this.write('info', message, rest);
  error = (message: unknown, ...rest: unknown[]) => this.write('error', message, rest);
  warn = (message: unknown, ...rest: unknown[]) => this.write('warn', message, rest);
  debug = (message: unknown, ...rest: unknown[]) => this.write('debug', message, rest);
  verbose = (message: unknown, ...rest: unknown[]) => this.write('trace', message, rest);
  fatal = (message: unknown, ...rest: unknown[]) => this.write('fatal', message, rest);

  private write(
    level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace',
    message: unknown,
    rest: unknown[],
  ): void {
    const context = rest.at(-1);
    if (level === 'info' && CHATTY.has(String(context))) level = 'debug';
    const stack = level === 'error' && rest.length > 1 && typeof rest[0] === 'string' ? rest[0] : undefined;
    const text = message instanceof Error ? (message.stack ?? message.message) : String(message);
    this.pino[level](
      {
        ...(typeof context === 'string' ? { context: printable(context) } : {}),
        ...(stack ? { stack: printable(stack) } : {}),
      },
      printable(text),
    );
  }
}

/** Credentials are removed first: half of one that was cut off would not be recognised. */
const printable = (text: string) => redact(text.slice(0, MAX_READ)).slice(0, MAX_MESSAGE);
