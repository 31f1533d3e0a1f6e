// node scripts/screenshots.mjs [url] [key]: pictures of every page of the dashboard in both themes, at 1280 and (--narrow) 360
// pixels, into docs/images. The server must be running; `npm run quickstart` is one.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from './chromium.mjs';
import { LAUNCH, PAGES, signIn, untilLoaded } from './dashboard-pages.mjs';
import { fail, root } from './prepare.mjs';

const [url = 'http://localhost:3000', key = process.env.PLATFORM_API_KEY, ...only] = process.argv
  .slice(2)
  .filter((word) => !word.startsWith('--'));
const isNarrow = process.argv.includes('--narrow');
if (key === undefined) fail('Usage: node scripts/screenshots.mjs <url> <API key> [page …] [--narrow]');
const { path: executablePath, reason } = findChromium();
if (executablePath === undefined) fail(`No pictures, because ${reason}.`);

const FILTER = 'payload.country in DE,FR and (payload.device_type is mobile or payload.price gte 40)';
const STEPS = JSON.stringify([
  { event_type: 'page_view' },
  { event_type: 'product_view', filters: { property: 'payload.price', op: 'gte', value: 20 } },
  { event_type: 'add_to_cart' },
  { event_type: 'purchase_completed' },
]);
const PICTURED = {
  overview: '/',
  filters: `/?range=30d&filter=${encodeURIComponent(FILTER)}`,
  funnels: `/funnels?range=30d&steps=${encodeURIComponent(STEPS)}`,
  retention: '/retention?range=30d&interval=week',
  ...PAGES,
};
const folder = join(root, 'docs', 'images');
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({ executablePath, ...LAUNCH });
try {
  for (const colorScheme of ['light', 'dark']) await picture(colorScheme);
} finally {
  await browser.close();
}

async function picture(colorScheme) {
  const viewport = isNarrow ? { width: 360, height: 740 } : { width: 1280, height: 900 };
  const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', timezoneId: 'Europe/Berlin' });
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && process.stderr.write(`${message.text()}\n`));
  page.on('pageerror', (error) => process.stderr.write(`${error.message}\n`));
  await page.goto(url);
  const shoot = async (name) => {
    await settle(page);
    const suffix = isNarrow ? '-360' : '';
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}${suffix}.png`), fullPage: isNarrow });
  };
  if (only.length === 0 || only.includes('sign-in')) await shoot('sign-in');
  await signIn(page, key);
  for (const [name, path] of Object.entries(PICTURED)) {
    if (only.length > 0 && !only.includes(name)) continue;
    await page.goto(url + path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    if (name === 'filters') await openEditor(page);
    if (name === 'users') await openFirstUser(page);
    if (name === 'audit') await verifyFirst(page);
    await shoot(name);
  }
  await context.close();
}

/** Nothing loads any more, and what came is drawn. */
async function settle(page) {
  await untilLoaded(page, 15_000).catch(() => process.stderr.write(`still loading: ${page.url()}\n`));
  await page.waitForTimeout(400);
}

async function openEditor(page) {
  await page.getByRole('button', { name: /^Edit filter device_type/ }).click();
  await page.getByRole('dialog').waitFor();
}

async function openFirstUser(page) {
  await page.locator('a.name').first().click();
  await page.getByRole('heading', { name: 'Journey' }).waitFor();
}

async function verifyFirst(page) {
  const entries = page.locator('a.entry-link');
  await entries.first().waitFor();
  const invoice = entries.filter({ hasText: 'invoice' });
  const entry = (await invoice.count()) > 0 ? invoice.first() : entries.first();
  await entry.click();
  await page.getByRole('button', { name: 'Verify' }).click();
  await page
    .getByText(/^(Verified|Not verified)/)
    .first()
    .waitFor();
}
