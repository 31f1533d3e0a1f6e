import type { Browser } from 'playwright-core';
import type { Scope } from '../../src/platform/http/principal.js';
import { Visit } from '../support/browser.js';
import { launchChromium } from '../support/chromium.js';
import { describeApi } from '../support/fixture.js';

const PAGES = [
  ...['Overview', 'Live', 'Funnels', 'Retention', 'Users', 'Audit', 'Calls'],
  ...['Dead letters', 'Keys', 'Event types', 'System'],
];

describeApi('the files of the dashboard', {}, (api) => {
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${api.url}${path}`, { method, headers });

  it('are served at / and at the address of each page, and the document is always asked for again', async () => {
    for (const path of ['/', '/live', '/dead-letters?state=dead', '/event-types']) {
      const answer = await get(path);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      expect((await get(path, { 'If-None-Match': answer.headers.get('etag')! })).status).toBe(304);
    }
    for (const path of ['/nothing', '/assets/nothing.js', '/assets/../package.json', '/index.html']) {
      expect((await get(path)).status).toBe(404);
    }
  });

  it('allow nothing inline, evaluated or foreign', async () => {
    const policy = (await get('/')).headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
    expect(await (await get('/')).text()).not.toMatch(/<script(?![^>]* src=)|<style|style=|\son\w+=/);
  });

  it('are compressed once at build time, and kept for ever under their hashed names', async () => {
    const assets = [...(await (await get('/')).text()).matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    expect(assets.length).toBeGreaterThanOrEqual(2);
    for (const path of assets) {
      expect(path).toMatch(/-[\w-]{8}\.(js|css|svg)$/);
      const answers = await Promise.all(
        ['br', 'gzip', 'identity'].map((encoding) => get(path, { 'Accept-Encoding': encoding })),
      );
      expect(answers.map(({ headers }) => headers.get('content-encoding'))).toEqual(['br', 'gzip', null]);
      const [br, gzip, identity] = await Promise.all(answers.map((answer) => answer.text()));
      expect([br, gzip]).toEqual([identity, identity]);
      expect(answers[0]!.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect((await get(path, {}, 'HEAD')).headers.get('content-length')).not.toBe('0');
    }
  });
});

describeApi('ReDoc, in Chromium', { needs: 'chromium' }, (api) => {
  it('shows the API, searches it, and asks no other server', async () => {
    const { status, headers } = await fetch(`${api.url}/redoc`);
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-cache']);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self';");
    const browser = await launchChromium();
    const visit = await Visit.begin(browser, api.url);
    await visit.open('/redoc');
    await visit.page.getByRole('heading', { level: 1, name: /Tidemark/ }).waitFor();
    const operations = await visit.page
      .locator('[data-section-id*="/operation/"], [data-section-id*="/paths/"]')
      .count();
    expect(operations).toBeGreaterThan(50);
    await visit.page.getByRole('searchbox').or(visit.page.getByPlaceholder('Search...')).first().fill('erasures');
    await visit.page.getByRole('search').getByRole('menuitem').first().waitFor();
    const { faults } = visit;
    await visit.end();
    await browser.close();
    expect(faults).toEqual([]);
  });
});

const OPTIONS = {
  needs: 'chromium',
  env: { RATE_LIMIT_REQUESTS: '100000', ANALYTICS_CACHE_TTL_SECONDS: '0', FAILED_RETRY_SECONDS: '86400' },
  workers: 1,
} as const;

describeApi('the dashboard, in Chromium', OPTIONS, (api) => {
  let browser: Browser;
  let tenantId: string;
  let visit: Visit;

  beforeAll(async () => {
    browser = await launchChromium();
    tenantId = await api.createTenant('Acme');
  }, 60_000);

  afterAll(() => browser.close());

  beforeEach(async () => {
    visit = await Visit.begin(browser, api.url);
  });

  afterEach(async () => {
    const { faults } = visit;
    await visit.end();
    expect(faults).toEqual([]);
  });

  const makeKey = (scopes: Scope[], tenant = tenantId) => api.createKey(tenant, scopes);

  it('asks for an API key, says what is wrong with another, and keeps none', async () => {
    const key = await makeKey(['read']);
    const { page } = visit;
    await visit.open('/funnels?range=30d');
    await page.getByLabel('API key').fill('tmk_wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('Invalid API Key').waitFor();
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Funnels' }).waitFor();
    expect(page.url()).toContain('/funnels?range=30d');
    const kept = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])');
    expect(kept).not.toContain('tmk_');
    expect(page.url()).not.toContain('tmk_');
    const links = await page.getByRole('navigation').getByRole('link').allInnerTexts();
    expect(links).toEqual(PAGES);
  });

  it('shows every page, and signs out', async () => {
    await visit.signIn(await makeKey(['admin']));
    for (const name of PAGES) await visit.follow(name);
    await visit.page.getByRole('button', { name: 'Account' }).click();
    await visit.page.getByRole('button', { name: 'Sign out' }).click();
    await visit.page.getByLabel('API key').waitFor();
    await visit.page.reload();
    await visit.page.getByLabel('API key').waitFor();
  });
});
