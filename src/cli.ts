#!/usr/bin/env node
import 'reflect-metadata';
import { type Command, CommanderError } from 'commander';
import { buildProgram } from './cli/commands.js';
import { explain } from './cli/failure.js';
import { collectEarly } from './platform/heap.js';
import { redact } from './platform/logging/redact.js';

/**
 * The command line: `tidemark <command> [--json]`, in a checkout `npm run cli -- <command>`.
 * Exit code 0: done; 1: it failed; 2: the words of the call are wrong.
 */
async function main(words: readonly string[], name: string): Promise<void> {
  collectEarly();
  const asJson = words.includes('--json');
  let command: Command | undefined;
  const program = buildProgram({ name, quiet: asJson, onCommand: (called) => (command = called) });
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return; // it has printed help, or the version
    const failure = explain(error, command);
    process.exitCode = failure.exit_code;
    if (asJson) process.stderr.write(`${redact(JSON.stringify(failure))}\n`);
    else if (!(error instanceof CommanderError)) process.stderr.write(`${redact(failure.error)}\n`);
  }
}

/** npm tells the script that it runs. */
const name = process.env['npm_lifecycle_event'] === 'cli' ? 'npm run cli --' : 'tidemark';
await main(process.argv.slice(2), name);
