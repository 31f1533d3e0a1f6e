import { createConnection, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/** Asks again until `ask` gives something truthy. @returns that, or null after `timeoutMs` */
export async function eventually(ask, timeoutMs, pauseMs = 50) {
  for (const deadline = performance.now() + timeoutMs; ; await sleep(pauseMs)) {
    const answer = await ask();
    if (answer) return answer;
    if (performance.now() > deadline) return null;
  }
}

/** @returns {Promise<boolean>} whether something accepts connections there */
export function accepts(port) {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A port nobody uses now; the process that gets it keeps it over all its restarts. */
export function findFreePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
