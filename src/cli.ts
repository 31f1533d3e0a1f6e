import 'reflect-metadata';
import { findCommand, usage } from './cli/commands.js';
import { UsageError } from './cli/output.js';
import { ConfigError, loadConfig } from './platform/config/config.js';
import { Problem } from './platform/http/problem.js';
import { redact } from './platform/logging/redact.js';

/**
 * The command line: `node dist/cli.js <command> [--json]`.
 * Exit code 0: done; 1: it failed; 2: the words of the call are wrong.
 */
async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  const command = name === undefined ? undefined : await findCommand(name);
  if (command === undefined) {
    const wasAsked = name === 'help' || name === '--help';
    (wasAsked ? process.stdout : process.stderr).write(usage());
    return wasAsked ? 0 : 2;
  }
  try {
    if ('runOffline' in command) return await command.runOffline(rest);
    await command.run(loadConfig(), rest);
    return 0;
  } catch (error) {
    process.stderr.write(`${redact(explain(error))}\n`);
    // parseArgs throws TypeErrors with a code; a Problem 400 is about the values that were given
    const misused = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
    return misused || (error instanceof Problem && error.status === 400) ? 2 : 1;
  }
}

function explain(error: unknown): string {
  if (error instanceof Problem) return error.detail;
  if (error instanceof ConfigError) return error.message;
  return (error as Error).message;
}

process.exitCode = await main(process.argv.slice(2));
