// The engine of ClickHouse as an npm package, for tests: 500 MB, so it is not among the dependencies. It is installed
// once into a cache: CHDB_CACHE, or ~/.cache/tidemark.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSION = '3.4.0';

/** `{ dir }` with a node_modules that has chdb, or `{ reason }` why there is none. */
export function installChdb() {
  const cache = process.env.CHDB_CACHE || join(homedir(), '.cache', 'tidemark');
  const dir = join(cache, `chdb-${VERSION}`);
  if (existsSync(join(dir, 'node_modules', 'chdb'))) return { dir };
  const partial = `${dir}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  writeFileSync(join(partial, 'package.json'), '{"private":true}\n');
  process.stderr.write(`installing chdb ${VERSION} (500 MB) into ${dir} …\n`);
  const words = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', `chdb@${VERSION}`];
  const npm = spawnSync('npm', words, { cwd: partial, encoding: 'utf8', timeout: 600_000 });
  try {
    if (npm.status !== 0) return { reason: `npm could not install chdb (${lastLine(npm.stderr)})` };
    renameSync(partial, dir);
    return { dir };
  } catch (error) {
    return existsSync(dir) ? { dir } : { reason: `${dir} could not be written (${error.message})` }; // somebody else's
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

const lastLine = (text) => (text ?? '').trim().split('\n').at(-1) || 'no reason given';
