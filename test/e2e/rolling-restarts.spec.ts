import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { PLATFORM_KEY } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { rollupDifference } from '../support/recount.js';
import { freePort } from '../support/redis.js';
import { SteadyLoad } from '../support/steady-load.js';
import { TestWorker } from '../support/worker.js';

const CONFIGURATION = readFileSync('docs/examples/haproxy.cfg', 'utf8');
/** `npm run test:cluster` asks for more. */
const RESTARTS = Number(process.env['TEST_RESTARTS'] ?? 2);

/** HAProxy with the file of the documentation: only addresses and the time between checks are those of the test. */
class Balancer {
  readonly folder = mkdtempSync(join(tmpdir(), 'haproxy-'));
  private port: number;
  private statsPort: number;
  private haproxy: ChildProcess | undefined;

  async start(api1: number, api2: number): Promise<void> {
    [this.port, this.statsPort] = [await freePort(), await freePort()];
    const file = join(this.folder, 'haproxy.cfg');
    const stats = `listen stats\n  bind 127.0.0.1:${this.statsPort}\n  stats enable\n  stats uri /\n`;
    const changed = CONFIGURATION.replace('bind :8080', `bind 127.0.0.1:${this.port}`).replace(
      'inter 1s',
      'inter 100ms',
    );
    writeFileSync(file, `${changed}\n${stats}`);
    const env = { ...process.env, API_1: `127.0.0.1:${api1}`, API_2: `127.0.0.1:${api2}` };
    this.haproxy = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: 'ignore', env });
    await this.untilBothAreUp();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** As whoever restarts a fleet waits before the next one. */
  async untilBothAreUp(): Promise<void> {
    await eventually(async () => {
      const csv = await (await fetch(`http://127.0.0.1:${this.statsPort}/;csv`)).text();
      const states = csv.split('\n').filter((line) => /^api,api\d,/.test(line));
      expect(states.map((line) => line.split(',')[17])).toEqual(['UP', 'UP']);
    });
  }

  async stop(): Promise<void> {
    if (this.haproxy?.kill('SIGKILL') === true) await once(this.haproxy, 'exit');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describeDatabase('two APIs and two workers behind HAProxy', { needs: 'haproxy' }, (database) => {
  const balancer = new Balancer();
  const env = { SHUTDOWN_GRACE_SECONDS: '1', RATE_LIMIT_REQUESTS: '10000000' };
  const workers = [new TestWorker(), new TestWorker()];
  let apis: TestApiProcess[];

  beforeAll(async () => {
    apis = await Promise.all([0, 1].map(() => TestApiProcess.start(database.url, env)));
    await Promise.all(workers.map((worker) => worker.launch(database.url)));
    await balancer.start(apis[0]!.port, apis[1]!.port);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([...apis, ...workers].map((process) => process.stop()));
    await balancer.stop();
  });

  const restartApi = async (n: number): Promise<void> => {
    const { port } = apis[n]!;
    expect(await apis[n]!.stop()).toBe(0);
    apis[n] = await TestApiProcess.start(database.url, env, port);
    await balancer.untilBothAreUp();
  };
  const restartWorker = async (worker: TestWorker): Promise<void> => {
    expect(await worker.stop()).toBe(0);
    await worker.restart();
  };

  it(
    'are restarted one after the other under load, and no request fails',
    async () => {
      const load = new SteadyLoad(() => `${balancer.url}/api/v1/events`, 2);
      try {
        for (let n = 0; n < RESTARTS; n++) {
          const before = load.acknowledged.length;
          await Promise.all([restartApi(n % 2), restartWorker(workers[n % 2]!)]);
          expect(load.acknowledged.length).toBeGreaterThan(before);
        }
      } finally {
        await load.stop(); // or the process would never end
      }
      process.stdout.write(`${2 * RESTARTS} restarts, ${load.acknowledged.length} events\n`);
      expect(load.failures).toEqual([]);
      await eventually(async () => {
        const headers = { 'X-API-Key': PLATFORM_KEY };
        const answer = await fetch(`${balancer.url}/api/v1/analytics/events-by-type`, { headers });
        expect(await answer.json()).toMatchObject({ total: load.acknowledged.length });
      });
      expect(await rollupDifference(database)).toBe(0);
    },
    30_000 + RESTARTS * 30_000,
  );

  it('a WebSocket is live behind it, and a polling session that another process has is told what to do', async () => {
    const options = { auth: { token: PLATFORM_KEY }, forceNew: true, reconnection: false } as const;
    const socket = io(`${balancer.url}/metrics`, { ...options, transports: ['websocket'] });
    await once(socket as unknown as NodeJS.EventEmitter, 'connect');
    socket.close();

    const opened = await fetch(`${apis[0]!.url('')}/../../socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse((await opened.text()).slice(1)) as { sid: string };
    const refused = await fetch(`${apis[1]!.url('')}/../../socket.io/?EIO=4&transport=polling&sid=${sid}`);
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { code: 1, message: expect.stringMatching(/transports: \['websocket'\], or let the balancer/) as string },
    ]);
  });
});
