import { isIP } from 'node:net';
import type { Parameters } from './sql-parameters.js';

/**
 * SQL condition on a column of texts: it holds this address, however either is spelt. IPv4 has one spelling, but
 * a socket for both families writes it within IPv6 (::ffff:192.0.2.1). Only texts with a colon are parsed.
 */
export function isAddress(column: string, address: string | number, parameters: Parameters): string {
  const asked = parameters.add(address);
  if (isIP(String(address)) === 0) return `${column} = ${asked}`;
  const canonical = `canonical_address(${asked}::text)`;
  return `case when strpos(${column}, ':') > 0 then canonical_address(${column}) = ${canonical}
    else ${column} = host(${canonical}) end`;
}
