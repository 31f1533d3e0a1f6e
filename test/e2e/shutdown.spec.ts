import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { eventually } from '../support/eventually.js';
import { PLATFORM_KEY } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { describeDatabase } from '../support/fixture.js';

/** The built API in a process of its own. */
describeDatabase('stopping the API', {}, (database) => {
  let api: TestApiProcess;
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });

  beforeEach(async () => {
    api = await TestApiProcess.start(database.url);
  });

  afterAll(async () => {
    agent.destroy();
  });

  /** @returns the status, or 0 when there was no connection to send it on */
  function send(method: string, path: string, body?: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const headers = { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json' };
      const call = request(api.url(path), { method, agent, headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      call.on('error', (error: NodeJS.ErrnoException) =>
        ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(error.code ?? '') ? resolve(0) : reject(error),
      );
      call.end(body);
    });
  }

  it('answers what it has begun, keeps every event it acknowledged, and exits 0 in time', async () => {
    let acknowledged = 0;
    let refused = 0;
    let stopping = false;
    const client = async (name: number) => {
      for (let n = 0; !stopping || n === 0; n++) {
        const status = await send('POST', '/events', JSON.stringify({ event_type: 'x', event_id: `${name}-${n}` }));
        if (status === 202) acknowledged += 1;
        else if (status === 0 || status === 503) {
          refused += 1;
          return;
        } else throw new Error(`answered ${status}`);
      }
    };
    const clients = Promise.all(Array.from({ length: 50 }, (_, name) => client(name)));
    await eventually(() => expect(acknowledged).toBeGreaterThan(200));
    const exited = once(api.child, 'exit') as Promise<[number | null, string | null]>;
    const toldAt = Date.now();
    api.child.kill('SIGTERM');
    const [code] = await exited;
    stopping = true;
    await clients;
    expect(code).toBe(0);
    expect(Date.now() - toldAt).toBeLessThan(10_000);
    expect(refused).toBeGreaterThan(0); // it was stopped under load
    const [stored] = await database.query<{ n: number }>('select count(*)::int as n from events');
    expect(stored!.n).toBeGreaterThanOrEqual(acknowledged);
  });

  it('happens by itself when the process that started it dies', async () => {
    const exited = once(api.child, 'exit') as Promise<[number | null, string | null]>;
    api.child.disconnect();
    expect((await exited)[0]).toBe(0);
  });
});

describeDatabase('stopping an API behind a load balancer', {}, (database) => {
  it('goes on answering for SHUTDOWN_GRACE_SECONDS, not ready and on connections that close; a second signal ends that', async () => {
    const api = await TestApiProcess.start(database.url, { SHUTDOWN_GRACE_SECONDS: '600' });
    const ask = async (path: string, method = 'GET') => {
      const headers = { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json' };
      const body = method === 'POST' ? JSON.stringify({ event_type: 'late' }) : null;
      const { status, headers: sent } = await fetch(api.url(path), { method, headers, body });
      return [status, sent.get('connection')];
    };
    expect(await ask('/health/ready')).toEqual([200, 'keep-alive']);
    const exited = once(api.child, 'exit') as Promise<[number | null]>;
    api.child.kill('SIGTERM');
    await eventually(async () => expect(await ask('/health/ready')).toEqual([503, 'close']));
    expect(await ask('/health/live')).toEqual([200, 'close']);
    expect(await ask('/events', 'POST')).toEqual([202, 'close']);
    expect(await ask('/events')).toEqual([200, 'close']);
    expect(api.child.exitCode).toBeNull();
    api.child.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
  });
});
