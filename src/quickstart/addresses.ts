import { findFreePort, isPortFree, listenError, waitForPort } from '../local-postgres/ports.js';
import { listenFault } from '../platform/config/listen-fault.js';
import { QuickstartError, type QuickstartOptions } from './options.js';

/** A quickstart that was just stopped may still hold its port. */
const PORT_TIMEOUT_MS = 5000;

type Address = Pick<QuickstartOptions, 'host' | 'port'>;

const isEverywhere = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** Where this process reaches the API. */
export function apiUrl({ host, port }: Address): string {
  return `http://${isEverywhere(host) ? '127.0.0.1' : inUrl(host)}:${port}`;
}

/** Where people reach it. */
export function shownUrl({ host, port }: Address): string {
  return `http://${isEverywhere(host) || host === '127.0.0.1' ? 'localhost' : inUrl(host)}:${port}`;
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/**
 * The port to listen on. Also looks at the other addresses of localhost, where another program would get the requests
 * meant for us.
 * @throws QuickstartError, or ConfigError, when nobody can listen there
 */
export async function choosePort({ host, port }: Address): Promise<number> {
  if (port === 0) return findFreePort('127.0.0.1');
  const hosts = isEverywhere(host) || host === '127.0.0.1' ? ['0.0.0.0', '127.0.0.1', '::1'] : [host];
  const error = await listenError(port, host);
  if (error !== null && error.code !== 'EADDRINUSE') throw listenFault(error, { host, port, portSetting: 'PORT' });
  if (await waitForPort(port, hosts, PORT_TIMEOUT_MS)) return port;
  let other = port + 1;
  while (other < 65_535 && !(await isPortFree(other, hosts[0] ?? '0.0.0.0'))) other++;
  throw new QuickstartError(
    `Port ${port} is in use by another program. ` +
      `Choose another one with PORT, for example: PORT=${other} npm run quickstart`,
  );
}
