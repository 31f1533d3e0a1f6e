// `npm run test:cluster`: several machines at full length, with real servers. `npm test` runs them short.
import { spawnSync } from 'node:child_process';

const PROGRAMS = ['haproxy', 'pgbouncer', 'redis-server'];
const missing = PROGRAMS.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);

if (missing.length > 0 && process.getuid?.() === 0) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }; // no package starts a server
  spawnSync('apt-get', ['update', '-q'], { env, stdio: 'inherit' });
  spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...missing], { env, stdio: 'inherit' });
} else if (missing.length > 0) {
  process.stderr.write(`Without ${missing.join(', ')} a part is skipped; root installs them.\n`);
}

process.env.TEST_RESTARTS ??= '100';
process.argv.push('--config', 'jest.cluster.config.mjs');
await import('./test.mjs');
