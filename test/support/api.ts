import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApiApplication } from '../../src/api-application.js';
import { type Config, loadConfig } from '../../src/platform/config/config.js';
import type { Scope } from '../../src/platform/http/principal.js';

export const PLATFORM_KEY = 'platform-key-of-the-test-suite';

export interface Answer<Body = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: Body;
}

type Json = Record<string, unknown>;

/** The API of one test file, listening on a free port. */
export class TestApi {
  private constructor(
    readonly app: NestExpressApplication,
    readonly url: string,
    readonly config: Config,
  ) {}

  static async start(
    databaseUrl: string,
    env: Record<string, string | undefined> = {},
    options: { fastPath?: boolean } = {},
  ): Promise<TestApi> {
    const config = loadConfig({
      NODE_ENV: 'test',
      DATABASE_URL: databaseUrl,
      PLATFORM_API_KEY: PLATFORM_KEY,
      DB_POOL_SIZE: '8',
      LOG_LEVEL: 'error',
      ...env,
    });
    const app = await createApiApplication(config, options);
    await app.listen(0, '127.0.0.1');
    return new TestApi(app, await app.getUrl(), config);
  }

  async stop(): Promise<void> {
    await this.app.close();
  }

  /** `path` is below /api/v1; a body is sent as JSON. */
  async call<Body = Json>(
    method: string,
    path: string,
    options: { key?: string | null; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<Body>> {
    const { key = PLATFORM_KEY, body, headers = {} } = options;
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        ...(key === null ? {} : { 'X-API-Key': key }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === '' ? {} : JSON.parse(text)) as Body };
  }

  get<Body = Json>(path: string, key?: string): Promise<Answer<Body>> {
    return this.call<Body>('GET', path, key === undefined ? {} : { key });
  }

  post<Body = Json>(path: string, body: unknown, key?: string): Promise<Answer<Body>> {
    return this.call<Body>('POST', path, key === undefined ? { body } : { body, key });
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
