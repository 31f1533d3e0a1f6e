import { isIPv4, isIPv6 } from 'node:net';

/** An address without the part that identifies a client within its network: `203.0.113.0`, `2001:db8:1::` (/48). */
export function truncateAddress(address: string): string | null {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (isIPv4(plain)) return plain.replace(/\d+$/, '0');
  if (!isIPv6(plain)) return null;
  const [head = '', tail] = plain.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) while (groups.length < 3 && groups.length + groupsOf(tail) < 8) groups.push('0');
  const network = [...groups, ...(tail ?? '').split(':')]
    .slice(0, 3)
    .map((group) => parseInt(group || '0', 16).toString(16));
  return `${network.join(':')}::`;
}

const groupsOf = (tail: string) => (tail === '' ? 0 : tail.split(':').length);
