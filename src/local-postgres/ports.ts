import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether a server could listen on this port of `host` now. */
export async function isPortFree(port: number, host: string): Promise<boolean> {
  const error = await listenError(port, host);
  // A host without IPv6 is not a taken port.
  return error === null || error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL';
}

/** What a server that listens on this port of `host` is told; null: it could. */
export function listenError(port: number, host: string): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen({ port, host, exclusive: true, ipv6Only: host.includes(':') }, () => probe.close(() => resolve(null)));
  });
}

/** Waits until a process that is just ending releases its port. */
export async function waitForPort(port: number, hosts: readonly string[], timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await isFreeOn(hosts, port)) return true;
    if (Date.now() > deadline) return false;
    await sleep(100);
  }
}

/** One after the other: probes at the same time would disturb each other. */
async function isFreeOn(hosts: readonly string[], port: number): Promise<boolean> {
  for (const host of hosts) if (!(await isPortFree(port, host))) return false;
  return true;
}

/** A port the system says is free; nothing reserves it. */
export function findFreePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      probe.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
