import { spawn } from 'node:child_process';
import { QuickstartError } from './options.js';

/** Runs the command line of this build and returns what it printed. */
export function runCli(script: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) return resolve(output);
      const end = signal ?? `exit code ${code}`;
      reject(new QuickstartError(`"${words[0]}" failed (${end}):\n${(errors || output).trim()}`));
    });
  });
}
