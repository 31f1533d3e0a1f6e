import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';

/** Found by scripts/test.mjs. */
const executablePath = process.env['TEST_CHROMIUM'];

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

export const launchChromium = (): Promise<Browser> => chromium.launch({ executablePath: executablePath!, args: FLAGS }); // present: else skipped

/** A site of its own origin, with the files of `files` by their path. */
export class TestSite {
  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  static async start(files: Record<string, string>): Promise<TestSite> {
    const server = createServer((request, response) => {
      const text = files[request.url ?? ''];
      if (text === undefined) return response.writeHead(404).end();
      return response.setHeader('Content-Type', request.url === '/' ? 'text/html' : 'text/javascript').end(text);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    return new TestSite(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  stop(): Promise<unknown> {
    return new Promise((resolve) => this.server.close(resolve));
  }
}
