import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page, Request } from 'playwright-core';
import { launchChromium, TestSite } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';

const SDK = 'node_modules/@segment/analytics-next/dist/umd';
/** What the page sees of the SDK. */
interface PageWindow {
  AnalyticsNext: { AnalyticsBrowser: { load(settings: object, options?: object): Sdk } };
  analytics: Sdk;
}

interface Sdk extends PromiseLike<unknown> {
  track(name: string, properties: object): Promise<unknown>;
}

const OPTIONS = { needs: 'chromium', env: { RATE_LIMIT_REQUESTS: '100000' } } as const;

describeApi('the browser SDK of Segment, unmodified, in Chromium', OPTIONS, (api, { database }) => {
  let key: string;
  let site: TestSite;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    key = await api.createKey(await api.createTenant('Acme'), ['track']);
    site = await TestSite.start({
      '/': '<script src="/index.js"></script>',
      '/index.js': readFileSync(join(SDK, 'index.js'), 'utf8'),
    });
    browser = await launchChromium();
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await site.stop();
  });

  beforeEach(async () => {
    page = await (await browser.newContext()).newPage();
    await page.goto(`${site.origin}/`);
  });

  afterEach(() => page.context().close());

  /** The settings come from this server; without `delivery` they alone say where events go. */
  const boot = (delivery?: object) =>
    page.evaluate(
      async ([writeKey, url, deliveryStrategy]) => {
        const { AnalyticsNext } = globalThis as unknown as PageWindow;
        const own = { apiHost: `${new URL(url).host}/v1`, protocol: 'http', deliveryStrategy };
        const options = deliveryStrategy === undefined ? {} : { integrations: { 'Segment.io': own } };
        const analytics = AnalyticsNext.AnalyticsBrowser.load({ writeKey, cdnURL: url }, options);
        (globalThis as unknown as PageWindow).analytics = analytics;
        await analytics;
      },
      [key, api.url, delivery] as const,
    );

  /** Does not wait for the deliveries. */
  const track = (type: string, count: number) =>
    page.evaluate(
      ([name, times]) => {
        const { analytics } = globalThis as unknown as PageWindow;
        for (let n = 0; n < times; n++) void analytics.track(name, { n });
      },
      [type, count] as const,
    );

  async function count(type: string): Promise<number> {
    const [row] = await database.query<{ n: number }>('select count(*)::int n from events where event_type = $1', [
      type,
    ]);
    return row?.n ?? 0;
  }

  function recordRequests(): Request[] {
    const requests: Request[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().startsWith(api.url)) requests.push(request);
    });
    return requests;
  }

  /** Sends the same bodies from the page once more, as the SDK would after a doubt. */
  async function resend(requests: readonly Request[]): Promise<Record<string, number>[]> {
    const sent = requests.map((request) => [request.url(), request.postData() ?? ''] as const);
    return page.evaluate((bodies) => {
      const headers = { 'Content-Type': 'text/plain', 'X-Retry-Count': '1' };
      return Promise.all(
        bodies.map(async ([url, body]) => {
          const response = await fetch(url, { method: 'POST', headers, body });
          return (await response.json()) as Record<string, number>;
        }),
      );
    }, sent);
  }

  it.each([
    ['one by one', 't', undefined],
    ['in batches', 'b', { strategy: 'batching', config: { size: 50, timeout: 100 } }],
  ])(
    'stores 1,000 events sent %s, each once, and resending changes nothing',
    async (way, route, delivery) => {
      const requests = recordRequests();
      await boot(delivery);
      await track(way, 1_000);
      await eventually(async () => expect(await count(way)).toBe(1_000), 120_000);
      expect(new Set(requests.map((request) => request.url()))).toEqual(new Set([`${api.url}/v1/${route}`]));
      const answers = await resend(requests);
      const sum = (name: string) => answers.reduce((total, answer) => total + (answer[name] ?? 0), 0);
      expect({ accepted: sum('accepted'), duplicates: sum('duplicates'), conflicts: sum('conflicts') }).toEqual({
        accepted: 0,
        duplicates: 1_000,
        conflicts: 0,
      });
      expect(await count(way)).toBe(1_000);
    },
    240_000,
  );

  it('stores once what the SDK sends again after a reload, because it never got the answer', async () => {
    await page.route(`${api.url}/v1/t`, async (route) => {
      await route.fetch();
      await route.abort();
    });
    await boot();
    await track('reloaded', 20);
    await eventually(async () => expect(await count('reloaded')).toBe(20), 60_000);
    await page.reload();
    await page.unrouteAll({ behavior: 'ignoreErrors' }); // only now, so that none was answered before the reload
    const answered: string[] = [];
    page.on('response', (response) => {
      if (response.url() === `${api.url}/v1/t` && response.ok()) answered.push(response.request().postData() ?? '');
    });
    await boot();
    await eventually(() => {
      const ids = answered.map((body) => (JSON.parse(body) as { messageId: string }).messageId);
      expect(new Set(ids).size).toBe(20);
    }, 60_000);
    expect(await count('reloaded')).toBe(20);
  }, 180_000);
});
