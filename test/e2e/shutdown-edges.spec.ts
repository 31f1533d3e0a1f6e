import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { PLATFORM_KEY } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { Detour } from '../support/detour.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { LiveClient } from '../support/live.js';
import { freePort, startRedisServer } from '../support/redis.js';
import { TestWorker } from '../support/worker.js';

const IN_TIME_MS = 5_000;

/** SIGTERM, and SIGKILL when it is too late. @returns the exit code, or the signal that the process died of */
async function terminate(child: ChildProcess): Promise<number | string | null> {
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), IN_TIME_MS);
  const [code, signal] = await exited;
  clearTimeout(patience);
  return code ?? signal;
}

describeDatabase('SIGTERM while clients stand still', {}, (database) => {
  let api: TestApiProcess;
  let sockets: Socket[];

  beforeEach(async () => {
    sockets = [];
    api = await TestApiProcess.start(database.url);
  });

  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    api.child.kill('SIGKILL');
  });

  /** A connection with `text` on its way. */
  async function open(text: string): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: api.port });
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    if (text !== '') await new Promise<void>((resolve) => socket.write(text, () => resolve()));
    return socket;
  }

  const head = (line: string, ...more: string[]) =>
    [line, 'Host: test', `X-API-Key: ${PLATFORM_KEY}`, ...more].join('\r\n') + '\r\n';

  it('ends in time though connections hold no whole request', async () => {
    await open('');
    await open('GET /api/v1/ev');
    await open(head('GET /api/v1/events HTTP/1.1'));
    const kept = await open(`${head('GET /api/v1/health/live HTTP/1.1')}\r\n`);
    await once(kept, 'data');
    expect(await terminate(api.child)).toBe(0);
  });

  it.each(['POST /api/v1/events', 'POST /api/v1/tenants'])('ends in time though %s has half a body', async (line) => {
    const json = ['Content-Type: application/json', 'Content-Length: 100', 'Expect: 100-continue'];
    const socket = await open(`${head(`${line} HTTP/1.1`, ...json)}\r\n{"`);
    await once(socket, 'data'); // 100 Continue: the request has begun
    expect(await terminate(api.child)).toBe(0);
  });

  it('ends in time with a client that does not read, and told twice', async () => {
    const socket = await open('');
    socket.pause();
    const many = `${head('GET /docs-json HTTP/1.1')}\r\n`.repeat(200);
    socket.write(many);
    await eventually(() => expect(socket.readableLength).toBeGreaterThan(0));
    const live = await LiveClient.connect(`http://127.0.0.1:${api.port}`, { token: PLATFORM_KEY });
    const ended = terminate(api.child);
    await eventually(async () => {
      expect((await fetch(api.url('/health/ready')).catch(() => null))?.status).not.toBe(200);
    });
    api.child.kill('SIGTERM');
    api.child.kill('SIGINT');
    expect(await ended).toBe(0);
    live.close();
  });
});

describeDatabase('SIGTERM while PostgreSQL is away', {}, (database) => {
  it('ends in time while PostgreSQL is away', async () => {
    const detour = await Detour.open(database.url);
    const [own, worker] = await Promise.all([TestApiProcess.start(detour.url), TestWorker.start(detour.url)]);
    await detour.close();
    expect((await fetch(own.url('/events'), { headers: { 'X-API-Key': PLATFORM_KEY } })).status).toBe(503);
    expect(await Promise.all([terminate(own.child), terminate(worker.child)])).toEqual([0, 0]);
    await detour.close();
  });

  it('ends in time while PostgreSQL does not answer, and acknowledges nothing', async () => {
    const detour = await Detour.open(database.url);
    const [own, worker] = await Promise.all([TestApiProcess.start(detour.url), TestWorker.start(detour.url)]);
    detour.stall();
    const answer = fetch(own.url('/events'), {
      method: 'POST',
      headers: { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json' },
      body: JSON.stringify({ event_type: 'x', event_id: 'stalled' }),
    }).then(
      ({ status }) => status,
      () => 'no answer',
    );
    await eventually(async () => expect((await fetch(own.url('/health/ready'))).status).toBe(503));
    expect(await Promise.all([terminate(own.child), terminate(worker.child)])).toEqual([0, 0]);
    expect(await answer).not.toBe(202);
    await detour.close();
  });

  it.each(['refuses', 'cuts off'])('ends in time while PostgreSQL %s every connection from the start', async (how) => {
    const away = new URL(database.url);
    away.hostname = '127.0.0.1';
    away.port = String(await freePort());
    const cutting = createServer((socket) => socket.destroy());
    if (how === 'cuts off') await once(cutting.listen(Number(away.port), '127.0.0.1'), 'listening');
    const env = { LOG_LEVEL: 'warn' };
    const starting = [
      TestApiProcess.spawn(away.toString(), await freePort(), env, 'pipe'),
      TestWorker.spawn(away.toString(), env, 'pipe'),
    ];
    await Promise.all(starting.map((child) => once(child.stdout!, 'data'))); // that they wait for it
    expect(await Promise.all(starting.map(terminate))).toEqual([0, 0]);
    cutting.close();
  });
});

describeDatabase('SIGTERM while Redis is away', { needs: 'redis-server' }, (database) => {
  const ingest = async (api: TestApiProcess, id: string) => {
    const answer = await fetch(api.url('/events'), {
      method: 'POST',
      headers: { 'X-API-Key': PLATFORM_KEY, 'Content-Type': 'application/json' },
      body: JSON.stringify({ event_type: 'x', event_id: id }),
    });
    expect(answer.status).toBe(202);
  };

  const start = (REDIS_URL: string) =>
    Promise.all([TestApiProcess.start(database.url, { REDIS_URL }), TestWorker.start(database.url, { REDIS_URL })]);

  it('ends API and worker in time though it was never reachable', async () => {
    const REDIS_URL = `redis://127.0.0.1:${await freePort()}`;
    const [api, worker] = await start(REDIS_URL);
    await ingest(api, 'never');
    expect(await Promise.all([terminate(api.child), terminate(worker.child)])).toEqual([0, 0]);
  });

  it('ends API and worker in time though it died before', async () => {
    const redis = await startRedisServer();
    const [api, worker] = await start(redis.url);
    await ingest(api, 'before');
    await redis.kill();
    await ingest(api, 'after');
    expect(await Promise.all([terminate(api.child), terminate(worker.child)])).toEqual([0, 0]);
    expect(await database.query(`select 1 from events where event_id in ('before', 'after')`)).toHaveLength(2);
  });
});
