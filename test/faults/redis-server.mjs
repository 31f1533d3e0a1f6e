import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Supervised } from './supervised.mjs';
import { accepts, eventually, findFreePort } from './waiting.mjs';

/** @returns {string | null} why Redis cannot be tested here, or null when it can */
export function whyNoRedis() {
  const { error } = spawnSync('redis-server', ['--version'], { stdio: 'ignore' });
  return error === undefined ? null : 'no redis-server on PATH; install Redis to run this backend';
}

/** A private Redis that keeps nothing: after a kill it comes back empty. */
export class RedisServer extends Supervised {
  /** @param {string} folder */
  static async create(folder) {
    const port = await findFreePort();
    const memoryOnly = ['--save', '', '--appendonly', 'no', '--dir', folder];
    return new RedisServer(port, {
      name: 'redis',
      command: 'redis-server',
      args: ['--port', String(port), '--bind', '127.0.0.1', ...memoryOnly],
      logFile: join(folder, 'redis.log'),
    });
  }

  constructor(port, launch) {
    super(launch);
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  async isUp() {
    if (!(await eventually(() => accepts(this.port), 10_000, 10))) throw new Error('redis-server did not start');
  }
}
