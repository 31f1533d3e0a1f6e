import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { EXAMPLES } from '../../src/openapi/examples.js';
import type { TestApi } from '../support/api.js';
import { launchChromium } from '../support/chromium.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { type Operation, placesOf, readDocument } from '../support/openapi-document.js';

const document = readDocument();
const places = new Map(placesOf(document).map((place) => [place.operation.operationId, place]));

/** The key that the example of signing in shows. */
const { key: KEY } = EXAMPLES['signIn']!.body as { key: string };

type Found = Record<string, unknown>;

/** Where a parameter of an operation is found in the answer to another, as the links of the document say. */
function sourceOf(name: string, parameter: string): { source: string; pointer: string } | undefined {
  for (const [source, { operation }] of places) {
    for (const { links = {} } of Object.values(operation.responses)) {
      const { parameters } = (links[name] ?? {}) as { parameters?: Record<string, string> };
      const pointer = /^\$response\.body#(.+)$/.exec(parameters?.[parameter] ?? '')?.[1];
      if (pointer !== undefined) return { source, pointer };
    }
  }
  return undefined;
}

const at = (value: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((inner, name) => (inner as Found | undefined)?.[name], value);

/** Sends the examples of the document as they stand there, for a tenant. */
class ExampleSender {
  private readonly answers = new Map<string, Found>();

  constructor(
    private readonly api: TestApi,
    private readonly tenantId: string,
  ) {}

  /** Once for each media type of the body; what is only read is asked for until workers have made it. */
  async send(name: string): Promise<void> {
    const { method, operation } = places.get(name)!;
    const contents = Object.entries(operation.requestBody?.content ?? { '': { example: undefined } });
    for (const [mediaType, { example }] of contents) {
      const sent = async () => {
        const answer = await this.ask(name, mediaType, example);
        if (answer.status >= 300) throw new Error(`${name} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
        return answer.body as Found;
      };
      const body = await (method === 'GET' ? eventually(sent) : sent());
      if (!this.answers.has(name)) this.answers.set(name, body);
    }
  }

  private async ask(name: string, mediaType: string, body: unknown): Promise<{ status: number; body: unknown }> {
    const { method, path, operation } = places.get(name)!;
    const query = new URLSearchParams();
    let address = path;
    for (const { in: place, name: parameter, example } of operation.parameters ?? []) {
      if (example === undefined) continue;
      const value = await this.valueOf(name, parameter, example as string | number);
      if (place === 'query') query.append(parameter, value);
      else address = address.replace(`{${parameter}}`, encodeURIComponent(value));
    }
    const isOpen = operation.security.length === 0;
    const verb = method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
    const request = this.api.request()[verb](`${address}${query.size === 0 ? '' : `?${query.toString()}`}`);
    if (!isOpen) void request.set({ 'X-API-Key': KEY, 'X-Tenant-Id': this.tenantId });
    if (mediaType !== '') void request.set('Content-Type', mediaType);
    return request.send(body === undefined ? undefined : JSON.stringify(body));
  }

  /** The example, or the id that stands for it in an answer; what can be asked again is asked again. */
  private async valueOf(name: string, parameter: string, example: string | number): Promise<string> {
    const link = sourceOf(name, parameter);
    if (link === undefined) return String(example);
    return eventually(async () => {
      if (places.get(link.source)!.method === 'GET') this.answers.delete(link.source);
      if (!this.answers.has(link.source)) await this.send(link.source);
      const id = at(this.answers.get(link.source), link.pointer);
      if (typeof id !== 'string') throw new Error(`${link.source} has answered nothing at ${link.pointer}`);
      return id;
    });
  }
}

const OPTIONS = { env: { PLATFORM_API_KEY: KEY, RATE_LIMIT_REQUESTS: '100000' }, workers: 1 };

describeApi('the examples of the OpenAPI document', OPTIONS, (api) => {
  it('succeed in a new tenant, one after the other', async () => {
    const { body } = await api.call('POST', '/tenants', { key: KEY, body: { name: 'Examples' } });
    const sender = new ExampleSender(api, String(body['id']));
    for (const name of Object.keys(EXAMPLES)) await sender.send(name);
  }, 120_000);
});

describeApi('Swagger UI', { ...OPTIONS, workers: 0, needs: 'chromium' }, (api) => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage();
    await page.goto(`${api.url}/docs`);
    await page.locator('button.authorize').first().click();
    await page.locator('.modal-ux input').first().fill(KEY);
    await page.locator('.modal-ux button[type=submit]').first().click();
    await page.locator('.modal-ux button.btn-done').first().click();
  });

  afterAll(() => browser.close());

  const TEN = [
    ...['ingestEvent', 'createEvent', 'ingestBatch', 'listEvents', 'getEvent', 'enrichEvent', 'getTimeseries'],
    ...['queryFunnel', 'createAuditEntry', 'listAuditEntries', 'createKey', 'getKey'],
  ];

  it.each(TEN)('executes %s as it is shown', async (name) => {
    const { operation } = places.get(name)!;
    const block = page.locator(`[id="${blockId(operation)}"]`);
    await block.locator('.opblock-summary-control').click();
    await block.locator('.try-out__btn').click();
    await block.locator('button.execute').click();
    const status = block.locator('.live-responses-table .response-col_status').last();
    await status.waitFor({ timeout: 10_000 });
    const text = await block.locator('.live-responses-table').innerText();
    expect([(await status.innerText()).slice(0, 1), text]).toEqual(['2', text]);
    await block.locator('.opblock-summary-control').click();
  });
});

/** As Swagger UI makes it of tag and name. */
const blockId = ({ tags, operationId }: Operation) => `operations-${tags[0]!.replaceAll(' ', '_')}-${operationId}`;

const run = promisify(execFile);

/** What a newcomer writes with each generator: the same round trip, in its own words. */
const CLIENTS: Record<string, { generate: string[]; program: string }> = {
  'openapi-typescript and openapi-fetch': {
    generate: ['openapi-typescript/bin/cli.js', join(process.cwd(), 'openapi.yaml'), '-o', 'schema.ts'],
    program: `
      import createClient from 'openapi-fetch';
      import type { paths } from './schema.js';

      const client = createClient<paths>({ baseUrl: process.env['URL']!, headers: { 'X-API-Key': process.env['KEY']! } });
      const sent = await client.POST('/api/v1/events/ingest', { body: { event_type: 'signup', payload: { plan: 'pro' } } });
      if (sent.error !== undefined) throw new Error(sent.error.detail);
      const events = await client.GET('/api/v1/events', { params: { query: { event_type: 'signup', limit: 10 } } });
      const series = await client.GET('/api/v1/analytics/timeseries', { params: { query: { interval: 'day', tz: 'UTC' } } });
      const entry = await client.POST('/api/v1/logs', {
        body: { action_type: 'CREATE', resource_type: 'account', resource_id: sent.data.event_id },
      });
      const entries = await client.GET('/api/v1/logs', { params: { query: { resource_type: 'account' } } });
      const refused = await client.GET('/api/v1/events/{id}', { params: { path: { id: 'nothing' } } });
      console.log(JSON.stringify({
        id: sent.data.id,
        listed: events.data?.data.map((event) => event.id),
        buckets: series.data?.data.length,
        entry: entry.data?.id,
        entries: entries.data?.data.map((found) => found.id),
        refused: refused.error?.type,
      }));`,
  },
  '@hey-api/openapi-ts': {
    generate: ['@hey-api/openapi-ts/bin/run.js', '-i', join(process.cwd(), 'openapi.yaml'), '-o', 'client', '-s'],
    program: `
      import { client } from './client/client.gen.js';
      import {
        createAuditEntry, getEvent, getTimeseries, ingestEvent, listAuditEntries, listEvents,
      } from './client/sdk.gen.js';

      client.setConfig({ baseUrl: process.env['URL']!, auth: process.env['KEY']! });
      const sent = await ingestEvent({ body: { event_type: 'signup', payload: { plan: 'pro' } }, throwOnError: true });
      const events = await listEvents({ query: { event_type: 'signup', limit: 10 } });
      const series = await getTimeseries({ query: { interval: 'day', tz: 'UTC' } });
      const entry = await createAuditEntry({
        body: { action_type: 'CREATE', resource_type: 'account', resource_id: sent.data.event_id },
      });
      const entries = await listAuditEntries({ query: { resource_type: 'account' } });
      const refused = await getEvent({ path: { id: 'nothing' } });
      console.log(JSON.stringify({
        id: sent.data.id,
        listed: events.data?.data.map((event) => event.id),
        buckets: series.data?.data.length,
        entry: entry.data?.id,
        entries: entries.data?.data.map((found) => found.id),
        refused: refused.error?.type,
      }));`,
  },
};

const TSCONFIG = {
  compilerOptions: {
    ...{ strict: true, target: 'es2022', module: 'nodenext', lib: ['es2023', 'dom', 'dom.iterable'], types: ['node'] },
    outDir: 'out',
    rootDir: '.',
  },
  include: ['program.ts', 'client', 'schema.ts'],
};

describeApi('a client made from the OpenAPI document', { ...OPTIONS, workers: 0 }, (api) => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-client-'));
    await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  });

  afterEach(() => rm(folder, { recursive: true }));

  const node = (script: string, words: string[] = [], env: Record<string, string> = {}) =>
    run(process.execPath, [join(folder, script), ...words], {
      cwd: folder,
      env: { PATH: process.env['PATH'], ...env },
    });

  it.each(Object.entries(CLIENTS))(
    'by %s compiles strictly, and sends and reads',
    async (_name, { generate, program }) => {
      const [generator, ...words] = generate;
      await node(`node_modules/${generator}`, words);
      await writeFile(join(folder, 'program.ts'), program);
      const { stdout: faults } = await node('node_modules/typescript/bin/tsc', ['-p', '.']).catch(
        (error: { stdout: string }) => error,
      );
      expect(faults).toBe('');
      const tenant = await api.call('POST', '/tenants', { key: KEY, body: { name: _name } });
      const key = await api.call('POST', '/keys', {
        key: KEY,
        headers: { 'X-Tenant-Id': String(tenant.body['id']) },
        body: { client_id: 'c', name: 'n' },
      });
      const { stdout } = await node('out/program.js', [], { URL: api.url, KEY: String(key.body['key']) });
      const told = JSON.parse(stdout) as { id: string; entry: string };
      expect(told).toEqual({
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        listed: [told.id],
        buckets: 8,
        entry: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        entries: [told.entry],
        refused: 'urn:tidemark:problem:not-found',
      });
    },
    120_000,
  );
});
