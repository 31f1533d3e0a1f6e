import { truncateAddress } from '../../src/platform/http/truncated-address.js';
import { parseUserAgent } from '../../src/events/reading/user-agent.js';

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

describe('parseUserAgent', () => {
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';
  it.each([
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/142.0.0.0 Safari/537.36`,
      'Chrome',
      '142.0.0.0',
      'Windows',
      '10.0',
      'desktop',
    ],
    [
      `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.1.2`,
      'Edge',
      '142.0.1.2',
      'Windows',
      '10.0',
      'desktop',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15',
      'Safari',
      '18.1',
      'macOS',
      '10.15.7',
      'desktop',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
      'Safari',
      '18.1',
      'iOS',
      '18.1',
      'mobile',
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7 Mobile/15E148 Safari/604.1',
      'Chrome',
      '142.0.7',
      'iOS',
      '17.6',
      'tablet',
    ],
    [
      `Mozilla/5.0 (Linux; Android 15; Pixel 9) ${webkit} Chrome/142.0.0.0 Mobile Safari/537.36`,
      'Chrome',
      '142.0.0.0',
      'Android',
      '15',
      'mobile',
    ],
    [
      `Mozilla/5.0 (Linux; Android 14; SM-X910) ${webkit} SamsungBrowser/27.0 Chrome/125.0.0.0 Safari/537.36`,
      'Samsung Internet',
      '27.0',
      'Android',
      '14',
      'tablet',
    ],
    [
      'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
      'Firefox',
      '145.0',
      'Linux',
      null,
      'desktop',
    ],
    [
      `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${webkit} Chrome/142.0.0.0 Safari/537.36 OPR/120.0`,
      'Opera',
      '120.0',
      'ChromeOS',
      '14541.0.0',
      'desktop',
    ],
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', null, null, null, null, 'bot'],
    ['curl/8.5.0', 'curl', '8.5.0', null, null, 'other'],
    ['node', 'node', null, null, null, 'other'],
    ['', null, null, null, null, 'other'],
  ])('knows %s', (text, browser, version, os, osVersion, device) => {
    expect(parseUserAgent(text)).toEqual({
      browser: browser === null ? null : { name: browser, version },
      os: os === null ? null : { name: os, version: osVersion },
      device,
    });
  });
});
