// Finds a Chromium for the browser tests.
import { spawnSync } from 'node:child_process';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** `{ path, source }`, or `{ reason }` when there is none. */
export function findChromium() {
  const given = process.env.CHROMIUM_PATH;
  if (given !== undefined && given !== '') {
    return runs(given)
      ? { path: given, source: 'CHROMIUM_PATH' }
      : { reason: `CHROMIUM_PATH (${given}) does not start` };
  }
  const name = NAMES.find(runs);
  if (name === undefined) return { reason: `there is no ${NAMES.join(' or ')} on PATH` };
  const path = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
  return { path, source: path };
}

const runs = (command) => spawnSync(command, ['--version'], { timeout: 30_000 }).status === 0;
