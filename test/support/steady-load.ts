import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { PLATFORM_KEY } from './api.js';

/**
 * Clients that send events one after the other, each until it is acknowledged, with the same id. What is refused is sent
 * again at once.
 */
export class SteadyLoad {
  /** Ids of the events that were acknowledged. */
  readonly acknowledged: string[] = [];
  /** What else was answered, and what failed without an answer. */
  readonly failures: string[] = [];
  /** When the last answer came that acknowledged an event. */
  lastAt = 0;
  private stopping = false;
  private readonly clients: Promise<void>[];

  /** @param url of POST /events */
  constructor(
    private readonly url: () => string,
    clients: number,
  ) {
    this.clients = Array.from({ length: clients }, (_, name) => this.send(name));
  }

  /** Once every event that was sent is acknowledged. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.clients);
  }

  private async send(name: number): Promise<void> {
    for (let n = 0; !this.stopping; n++) {
      const id = `load-${name}-${n}`;
      while (!(await this.isTaken(id))) await yieldToOthers();
      this.acknowledged.push(id);
      this.lastAt = performance.now();
    }
  }

  private async isTaken(id: string): Promise<boolean> {
    try {
      const response = await fetch(this.url(), {
        method: 'POST',
        headers: { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json' },
        body: JSON.stringify({ event_type: 'load', event_id: id }),
      });
      const body = await response.text();
      if (response.status === 202) return true;
      this.failures.push(`${response.status} ${body}`);
    } catch (error) {
      this.failures.push(String((error as Error).cause ?? error));
    }
    return false;
  }
}
