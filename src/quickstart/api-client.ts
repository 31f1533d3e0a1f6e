import { setTimeout as sleep } from 'node:timers/promises';
import { QuickstartError } from './options.js';

export interface BatchResult {
  accepted: number;
  duplicates: number;
  conflicts: number;
  rejected: number;
}

export interface NewKey {
  client_id: string;
  name: string;
  scopes: string[];
  rate_limit?: number;
}

export interface CreatedKey {
  id: string;
  key: string;
}

/** How long a request is repeated while the API is overloaded or unreachable. */
const TIMEOUT_MS = 120_000;

/** The few requests quickstart makes to its own API. */
export class ApiClient {
  constructor(
    private readonly base: string,
    private readonly signal: AbortSignal,
  ) {}

  async isReady(): Promise<boolean> {
    return (await this.status('/api/v1/health/ready')) === 200;
  }

  /** Undefined when there was no answer. */
  async status(path: string): Promise<number | undefined> {
    try {
      const response = await fetch(this.base + path, { signal: this.within(5000), redirect: 'manual' });
      await response.arrayBuffer();
      return response.status;
    } catch {
      this.signal.throwIfAborted();
      return undefined;
    }
  }

  async createKey(key: string, created: NewKey): Promise<CreatedKey> {
    const response = await this.request('/api/v1/keys', post(key, created));
    return (await response.json()) as CreatedKey;
  }

  /** Deletes the key that makes the request; no error when it is deleted already. */
  async deleteKey(key: string, id: string): Promise<void> {
    const init = { method: 'DELETE', headers: { 'x-api-key': key } };
    const response = await this.attempt(`/api/v1/keys/${id}`, init);
    if (response instanceof Error || (!response.ok && response.status !== 404)) {
      throw await explain('deleting a key', response);
    }
  }

  async postBatch(key: string, events: readonly unknown[]): Promise<BatchResult> {
    const response = await this.request('/api/v1/events/batch', post(key, { events }));
    return (await response.json()) as BatchResult;
  }

  /** How many events of this client within [from, to) have been processed. */
  async countProcessed(key: string, clientId: string, from: Date, to: Date): Promise<number> {
    const query = new URLSearchParams({ client_id: clientId, from: from.toISOString(), to: to.toISOString() });
    const response = await this.request(`/api/v1/analytics/events-by-type?${query.toString()}`, {
      headers: { 'x-api-key': key },
    });
    return ((await response.json()) as { total: number }).total;
  }

  /**
   * Repeats a request after 429, 503 or a lost connection; events carry ids, so repeating them counts nothing twice.
   */
  private async request(path: string, init: RequestInit): Promise<Response> {
    const deadline = Date.now() + TIMEOUT_MS;
    for (;;) {
      const outcome = await this.attempt(path, init);
      if (outcome instanceof Response && outcome.ok) return outcome;
      const away = outcome instanceof Error || outcome.status === 429 || outcome.status === 503;
      if (!away || Date.now() > deadline) throw await explain(path, outcome);
      const retryAfter = outcome instanceof Error ? NaN : Number(outcome.headers.get('retry-after'));
      await sleep(retryAfter > 0 ? retryAfter * 1000 : 500, undefined, { signal: this.signal });
    }
  }

  private async attempt(path: string, init: RequestInit): Promise<Response | Error> {
    try {
      return await fetch(this.base + path, { ...init, signal: this.within(30_000) });
    } catch (error) {
      this.signal.throwIfAborted();
      return error as Error;
    }
  }

  private within(milliseconds: number): AbortSignal {
    return AbortSignal.any([this.signal, AbortSignal.timeout(milliseconds)]);
  }
}

function post(key: string, body: unknown): RequestInit {
  const headers = { 'x-api-key': key, 'content-type': 'application/json' };
  return { method: 'POST', headers, body: JSON.stringify(body) };
}

async function explain(path: string, outcome: Response | Error): Promise<QuickstartError> {
  const what = outcome instanceof Error ? outcome.message : `${outcome.status} ${await outcome.text()}`;
  return new QuickstartError(`${path.split('?')[0]} failed: ${what.slice(0, 500)}`);
}
