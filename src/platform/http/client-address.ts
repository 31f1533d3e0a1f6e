import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import proxyAddr from 'proxy-addr';

type Trust = (address: string, hop: number) => boolean;

/** Which proxies are believed, from TRUST_PROXY: `false`, a number of hops, or a list of addresses and subnets. */
export function trustedProxies(setting: string): Trust {
  if (setting === 'false') return () => false;
  if (/^\d+$/.test(setting)) return (_address, hop) => hop < Number(setting);
  return proxyAddr.compile(setting.split(',').map((address) => address.trim()));
}

/**
 * The address of the client in canonical form: that of the connection, or what the trusted proxies in front of it say.
 * Where they say something that is not an address (`unknown`, a name), that of the connection; null when the connection
 * is closed already.
 */
export function clientAddress(request: IncomingMessage, trust: Trust): string | null {
  const socket = canonicalAddress(request.socket.remoteAddress ?? '');
  if (socket === null || !trust(socket, 0)) return socket;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '');
  let client: string | null = socket;
  let hop = 0;
  // From the nearest proxy on: each entry is believed as long as the proxy that reported it is trusted.
  for (let end = forwarded.length; end > 0;) {
    const start = forwarded.lastIndexOf(',', end - 1) + 1;
    client = canonicalAddress(forwarded.slice(start, end));
    hop += 1;
    if (client === null || !trust(client, hop)) break;
    end = start - 1;
  }
  return client ?? socket;
}

/** The longest address with brackets, zone and port, and some spaces. */
const MAX_LENGTH = 100;
const MAPPED = /^::ffff:(?=\d+\.)/i;
const WITH_PORT = /^((?:::ffff:)?\d+(?:\.\d+){3}):\d{1,5}$/i;
const BRACKETED = /^\[([^\]]*)\](?::\d{1,5})?$/;

/**
 * The canonical spelling of an address: without port, brackets and zone, IPv4 as such even when mapped into IPv6, IPv6
 * as in RFC 5952. @returns null for what is not an address
 */
export function canonicalAddress(text: string): string | null {
  if (text.length > MAX_LENGTH) return null;
  const bare = text.trim().replace(BRACKETED, '$1').replace(WITH_PORT, '$1');
  const address = bare.replace(/%.*$/, '').replace(MAPPED, '');
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return null;
  const compressed = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(compressed);
  return mapped === null ? compressed : [mapped[1]!, mapped[2]!].flatMap(toBytes).join('.');
}

function toBytes(group: string): [number, number] {
  const value = parseInt(group, 16);
  return [value >> 8, value & 255];
}

/**
 * What a provider gives one subscriber: an IPv4 address, or the /64 of a canonical IPv6 address. Limits count by it.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}
