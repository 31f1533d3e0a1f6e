import type { Browser, BrowserContext, Page } from 'playwright-core';

/** A visit to the dashboard that notes what no visit may have: errors on the console, and requests to elsewhere. */
export class Visit {
  readonly faults: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly url: string,
  ) {
    this.watch(page);
  }

  /** Notes the faults of another page too, one that a link has opened. */
  watch(page: Page): void {
    page.on('pageerror', (error) => this.faults.push(`error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && !isExpected(message.text())) this.faults.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const address = request.url().replace(/^ws/, 'http');
      if (!address.startsWith(this.url) && !address.startsWith('blob:'))
        this.faults.push(`foreign request: ${request.url()}`);
    });
  }

  static async begin(
    browser: Browser,
    url: string,
    options: Parameters<Browser['newContext']>[0] = {},
  ): Promise<Visit> {
    const context = await browser.newContext({ timezoneId: 'Europe/Berlin', locale: 'en-GB', ...options });
    return new Visit(context, await context.newPage(), url);
  }

  async signIn(key: string, path = '/'): Promise<void> {
    await this.open(path);
    await this.page.getByLabel('API key').fill(key);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.getByRole('navigation').waitFor();
  }

  async open(path: string): Promise<void> {
    await this.page.goto(`${this.url}${path}`);
  }

  /** Opens a page by its link. */
  async follow(name: string): Promise<void> {
    await this.page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
    await this.page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
  }

  async end(): Promise<void> {
    await this.context.close();
  }
}

/** Chromium prints every answer of 400 and more as an error, wanted or not. */
const isExpected = (text: string) => /^Failed to load resource: the server responded with a status of 4\d\d/.test(text);
