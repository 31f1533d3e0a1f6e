import { Agent } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';
import { createApiApplication } from '../../src/api-application.js';
import { type Config, loadConfig } from '../../src/platform/config/config.js';
import type { Scope } from '../../src/platform/http/principal.js';
import { holdAnswersToDocument } from './described-answers.js';

holdAnswersToDocument(request.Test);

export const PLATFORM_KEY = 'platform-key-of-the-test-suite';

export interface Answer<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
}

type Json = Record<string, unknown>;

/** The API of one test file, listening on a free port. */
export class TestApi {
  app: NestExpressApplication;
  url: string;
  config: Config;
  /** Kept connections, as applications have them. */
  private readonly connections = new Agent({ keepAlive: true });

  static async start(
    databaseUrl: string,
    env: Record<string, string | undefined> = {},
    options: { fastPath?: boolean } = {},
  ): Promise<TestApi> {
    const api = new TestApi();
    await api.launch(databaseUrl, env, options);
    return api;
  }

  /** Also again, after stop(). */
  async launch(
    databaseUrl: string,
    env: Record<string, string | undefined> = {},
    options: { fastPath?: boolean } = {},
  ): Promise<void> {
    this.config = loadConfig({
      NODE_ENV: 'test',
      DATABASE_URL: databaseUrl,
      PLATFORM_API_KEY: PLATFORM_KEY,
      DB_POOL_SIZE: '8',
      LOG_LEVEL: 'error',
      ...env,
    });
    this.app = await createApiApplication(this.config, options);
    await this.app.listen(0, '127.0.0.1');
    this.url = await this.app.getUrl();
  }

  async stop(): Promise<void> {
    this.connections.destroy();
    await this.app.close();
  }

  /** Requests as supertest makes them, with its `expect`; the path is whole. */
  request() {
    return request(this.url);
  }

  /** `path` is below /api/v1; a body is sent as JSON. */
  async call<Body = Json>(
    method: string,
    path: string,
    options: { key?: string | null; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<Body>> {
    const { key = PLATFORM_KEY, body, headers = {} } = options;
    const { pathname, search } = new URL(`${this.url}/api/v1${path}`); // as fetch and browsers send it
    const test = new request.Test(this.url, method, pathname + search)
      .agent(this.connections)
      .buffer(true)
      .parse(asText);
    if (key !== null) void test.set('X-API-Key', key);
    if (body !== undefined) void test.set('Content-Type', 'application/json');
    void test.set(headers);
    if (body !== undefined) void test.send(typeof body === 'string' ? body : JSON.stringify(body));
    const response = await test;
    const text = response.body as string;
    return {
      status: response.status,
      headers: headersOf(response.headers),
      body: (text === '' ? {} : JSON.parse(text)) as Body,
    };
  }

  get<Body = Json>(path: string, key?: string): Promise<Answer<Body>> {
    return this.call<Body>('GET', path, key === undefined ? {} : { key });
  }

  post<Body = Json>(path: string, body: unknown, key?: string): Promise<Answer<Body>> {
    return this.call<Body>('POST', path, key === undefined ? { body } : { body, key });
  }

  put<Body = Json>(path: string, body: unknown, key?: string): Promise<Answer<Body>> {
    return this.call<Body>('PUT', path, key === undefined ? { body } : { body, key });
  }

  delete<Body = Json>(path: string, key?: string): Promise<Answer<Body>> {
    return this.call<Body>('DELETE', path, key === undefined ? {} : { key });
  }

  async createTenant(name: string): Promise<string> {
    const { status, body } = await this.post<{ id: string }>('/tenants', { name });
    if (status !== 201) throw new Error(`POST /tenants answered ${status}: ${JSON.stringify(body)}`);
    return body.id;
  }

  /** @returns the key itself */
  async createKey(tenantId: string, scopes: Scope[], clientId = 'shop'): Promise<string> {
    const { status, body } = await this.call<{ key: string }>('POST', '/keys', {
      body: { client_id: clientId, name: clientId, scopes },
      headers: { 'X-Tenant-Id': tenantId },
    });
    if (status !== 201) throw new Error(`POST /keys answered ${status}: ${JSON.stringify(body)}`);
    return body.key;
  }
}

/** A parser of supertest's; what it is given is the stream of an answer. */
function asText(answer: unknown, done: (error: Error | null, text: string) => void): void {
  const response = answer as NodeJS.ReadableStream;
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.once('error', (error: Error) => done(error, ''));
  response.once('end', () => done(null, Buffer.concat(chunks).toString()));
}

function headersOf(raw: Record<string, string | string[]>): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(raw)) for (const value of [values].flat()) headers.append(name, value);
  return headers;
}
