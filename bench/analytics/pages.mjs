import { chromium } from 'playwright-core';
import { findChromium } from '../../scripts/chromium.mjs';
import { LAUNCH, PAGES, signIn, untilLoaded } from '../../scripts/dashboard-pages.mjs';
import { quantile, round } from '../statistics.mjs';

/** With the time range that reads most. */
const ASKED = { overview: '/?range=30d', retention: '/retention?range=30d&interval=day', ...PAGES };
const VISITS = 7;

/**
 * How long the requests of each page of the dashboard take, in a browser that nothing is cached in.
 *
 * @typedef {{requests: number, slowest: string, slowest_ms: number}} PageTimes the median of the request that takes longest
 *
 * @param {import('../stack.mjs').Stack} stack
 * @returns {Promise<Record<string, PageTimes> | undefined>} undefined without a browser
 */
export async function measurePages(stack, tenantId, tell) {
  const { path: executablePath, reason } = findChromium();
  if (executablePath === undefined) {
    tell(`pages: left out, because ${reason}`);
    return undefined;
  }
  const { key } = await stack.createTenantKey(['read', 'admin'], tenantId);
  const origin = new URL(stack.url('/')).origin;
  const browser = await chromium.launch({ executablePath, ...LAUNCH });
  try {
    const page = await (await browser.newContext({ timezoneId: 'Europe/Berlin' })).newPage();
    await page.goto(origin);
    await signIn(page, key);
    const pages = {};
    for (const [name, path] of Object.entries(ASKED)) {
      pages[name] = await timePage(page, origin + path);
      const { requests, slowest, slowest_ms: ms } = pages[name];
      tell(`page ${name}: ${requests} requests, the longest ${ms} ms (${slowest})`);
    }
    return pages;
  } finally {
    await browser.close();
  }
}

async function timePage(page, url) {
  const times = new Map();
  const note = (request) => {
    const { pathname } = new URL(request.url());
    if (!pathname.startsWith('/api/v1/')) return;
    const { requestStart, responseEnd } = request.timing();
    if (responseEnd >= 0) times.set(pathname, [...(times.get(pathname) ?? []), responseEnd - requestStart]);
  };
  page.on('requestfinished', note);
  for (let n = 0; n < VISITS; n++) {
    await page.goto(url, { waitUntil: 'networkidle' });
    await page.getByRole('heading', { level: 1 }).waitFor();
    await untilLoaded(page);
  }
  page.off('requestfinished', note);
  const medians = [...times].map(([path, all]) => [path, round(quantile(all, 0.5), 1)]).sort((a, b) => b[1] - a[1]);
  const [slowest, ms] = medians[0] ?? ['none', 0];
  return { requests: medians.length, slowest, slowest_ms: ms };
}
