import 'reflect-metadata';
import { CommanderError } from 'commander';
import { buildProgram } from './cli/commands.js';
import { UsageError } from './cli/output.js';
import { ConfigError } from './platform/config/config.js';
import { Problem } from './platform/http/problem.js';
import { redact } from './platform/logging/redact.js';

/**
 * The command line: `node dist/cli.js <command> [--json]`.
 * Exit code 0: done; 1: it failed; 2: the words of the call are wrong.
 */
async function main(words: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2; // it has printed help, or what is wrong
      return;
    }
    process.stderr.write(`${redact(explain(error))}\n`);
    const misused = error instanceof UsageError || (error instanceof Problem && error.status === 400);
    process.exitCode = misused ? 2 : 1;
  }
}

function explain(error: unknown): string {
  if (error instanceof Problem) return error.detail;
  if (error instanceof ConfigError) return error.message;
  return (error as Error).message;
}

await main(process.argv.slice(2));
