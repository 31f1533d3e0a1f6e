import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

type Trust = (address: string, hop: number) => boolean;

/** Which proxies are believed, from TRUST_PROXY: `false`, a number of hops, or a list of addresses and subnets. */
export function trustedProxies(setting: string): Trust {
  if (setting === 'false') return () => false;
  if (/^\d+$/.test(setting)) return (_address, hop) => hop < Number(setting);
  return proxyAddr.compile(setting.split(',').map((address) => address.trim()));
}

/** The address of the client: the connection's, or what the trusted proxies in front of it say. */
export function clientAddress(request: IncomingMessage, trust: Trust): string {
  // A socket that is already closed has no address any more.
  return request.socket.remoteAddress === undefined ? 'unknown' : proxyAddr(request, trust);
}
