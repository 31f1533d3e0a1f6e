import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const DEFAULT_DATA_DIR = '.data';

/** In DATA_DIR while a quickstart runs there: where to find what it started. Only its user may read it. */
export const RUNNING_FILE = 'quickstart.running.json';

export interface RunningInstance {
  pid: number;
  /** Where the API answers. */
  url: string;
  /** Those that commands need to work on the same database. */
  settings: Record<string, string>;
}

export function noteRunning(dataDir: string, instance: RunningInstance): void {
  const file = join(dataDir, RUNNING_FILE);
  writeFileSync(`${file}.new`, `${JSON.stringify(instance, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function forgetRunning(dataDir: string): void {
  rmSync(join(dataDir, RUNNING_FILE), { force: true });
}

/** The quickstart that runs in `dataDir`; null when there is none, or when it was killed. */
export function findRunning(dataDir: string): RunningInstance | null {
  try {
    const instance = JSON.parse(readFileSync(join(dataDir, RUNNING_FILE), 'utf8')) as RunningInstance;
    process.kill(instance.pid, 0); // only asks whether it is there
    return instance;
  } catch {
    return null;
  }
}
