import type { IncomingMessage } from 'node:http';
import { canonicalAddress, clientAddress, networkOf, trustedProxies } from '../../src/platform/http/client-address.js';

describe('canonicalAddress', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    [' 1.2.3.4:5678 ', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:0102:0304', '1.2.3.4'],
    ['[::ffff:1.2.3.4]:443', '1.2.3.4'],
    ['::ffff:1.2.3.4:443', '1.2.3.4'],
    ['2001:0DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
  ])('makes %s the one spelling of it', (text, address) => {
    expect(canonicalAddress(text)).toBe(address);
  });

  it.each([
    '',
    'unknown',
    '_hidden',
    '_SEVKISEK',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '999.1.1.1',
    '1.2.3.4:',
    '1.2.3.4:x',
  ])('takes %j for no address', (text) => expect(canonicalAddress(text)).toBeNull());

  it.each(['[1.2.3.4', '2001:db8::1::2', ':::', '<script>', '1.2.3.4\n5', `${'1'.repeat(16_000)}.2.3.4`, '%', '%.%'])(
    'takes %j for no address either',
    (text) => expect(canonicalAddress(text)).toBeNull(),
  );
});

describe('clientAddress', () => {
  const from = (remoteAddress: string | undefined, forwarded: string | undefined, trust: string) => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    return clientAddress({ socket: { remoteAddress }, headers } as unknown as IncomingMessage, trustedProxies(trust));
  };

  it.each<[socket: string | undefined, forwarded: string | undefined, trust: string, client: string | null]>([
    ['::ffff:9.9.9.9', '1.2.3.4', 'false', '9.9.9.9'],
    ['::ffff:127.0.0.1', '1.2.3.4:80', 'loopback', '1.2.3.4'],
    ['127.0.0.1', '6.6.6.6, 1.2.3.4', 'loopback', '1.2.3.4'],
    ['127.0.0.1', '1.2.3.4, 10.0.0.7:8080, [::ffff:10.0.0.8]:1', 'loopback, 10.0.0.0/8', '1.2.3.4'],
    ['127.0.0.1', '10.0.0.7, 10.0.0.8', 'loopback, 10.0.0.0/8', '10.0.0.7'],
    ['9.9.9.9', '6.6.6.6, 1.2.3.4, 5.5.5.5', '2', '1.2.3.4'],
    ['9.9.9.9', '1.2.3.4', '5', '1.2.3.4'],
    ['9.9.9.9', undefined, '1', '9.9.9.9'],
    ['9.9.9.9', 'unknown', '1', '9.9.9.9'],
    ['9.9.9.9', '1.2.3.4, _hidden', '1', '9.9.9.9'],
    ['9.9.9.9', '1.2.3.4,', '1', '9.9.9.9'],
    [undefined, '1.2.3.4', '1', null],
  ])('of %s with "%s" and TRUST_PROXY=%s is %s', (socket, forwarded, trust, client) => {
    expect(from(socket, forwarded, trust)).toBe(client);
  });
});

describe('networkOf', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
