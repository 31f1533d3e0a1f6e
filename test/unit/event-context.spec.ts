import { truncateAddress } from '../../src/platform/http/truncated-address.js';

describe('truncateAddress', () => {
  it.each([
    ['203.0.113.77', '203.0.113.0'],
    ['::ffff:203.0.113.77', '203.0.113.0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['2001:db8:1::6', '2001:db8:1::'],
    ['2001:db8::6', '2001:db8:0::'],
    ['2001:DB8:00a1::', '2001:db8:a1::'],
    ['fe80::1%eth0', 'fe80:0:0::'],
    ['::1', '0:0:0::'],
    ['::1:2:3:4:5:6', '0:0:1::'],
    ['::1:2:3:4:5:6:7', '0:1:2::'],
    ['unknown', null],
    ['', null],
  ])('keeps of %s the network only', (address, network) => {
    expect(truncateAddress(address)).toBe(network);
  });
});
