import { randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { LiveMetrics } from '../../src/metrics-gateway/live-metrics.js';
import { SocketAccess } from '../../src/metrics-gateway/socket-access.js';
import { TestApi } from '../support/api.js';
import { TestApiProcess } from '../support/api-process.js';
import { Detour } from '../support/detour.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { LiveClient } from '../support/live.js';

const MB = 1_048_576;

/** Clients that mean harm, a database that goes away, a process that is told to stop. */
describeApi('live metrics under stress', {}, (api, { database }) => {
  let tenant: string;
  let key: string;

  beforeAll(async () => {
    tenant = await api.createTenant('Live');
    key = await api.createKey(tenant, ['read', 'write']);
  });

  /** A WebSocket made by hand, so that it can stop reading. @returns its TCP connection, in the namespace or not */
  async function connectByHand(enter = true): Promise<Socket> {
    const { port, hostname } = new URL(api.url);
    const tcp = connectTcp({ port: Number(port), host: hostname });
    tcp.on('error', () => undefined);
    tcp.write(
      'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
    let text = '';
    tcp.on('data', (bytes) => (text += bytes.toString('latin1')));
    await eventually(() => expect(text).toContain('"sid"'));
    if (!enter) return tcp;
    tcp.write(frame(`40/metrics,${JSON.stringify({ token: key })}`));
    await eventually(() => expect(text).toContain('40/metrics,{'));
    return tcp;
  }

  it('drops a client that asks and does not read, before it costs memory', async () => {
    const access = api.app.get(SocketAccess);
    // Long names make each message some 120 KB.
    const names = Array.from({ length: 500 }, (_, n) => `${n}-${'x'.repeat(240)}`);
    await database.query(
      `insert into event_rollups_minute (tenant_id, bucket, client_id, event_type, count)
       select $1, date_trunc('minute', now()), 'shop', name, 1 from unnest($2::text[]) as name`,
      [tenant, names],
    );
    const tcp = await connectByHand();
    const closed = new Promise<void>((resolve) => tcp.once('close', () => resolve()));
    tcp.pause();
    await eventually(() => {
      tcp.write(frame('42/metrics,1["subscribe",{}]'));
      expect(access.slowReadersDropped).toBe(1);
    }, 25_000);
    expect(access.mostBufferedBytes).toBeLessThan(2 * MB);
    tcp.resume();
    await closed;
    await database.query('delete from event_rollups_minute where tenant_id = $1', [tenant]);
  });

  it('closes a connection that sends more than 16 KB at once, and no other', async () => {
    const [big, small] = [
      await LiveClient.connect(api.url, { token: key }),
      await LiveClient.connect(api.url, { token: key }),
    ];
    await small.subscribe();
    big.socket.emit('subscribe', { client_id: 'x'.repeat(MB) });
    await eventually(() => expect(big.disconnects).toHaveLength(1));
    const answer = await fetch(`${api.url}/socket.io/?EIO=4&transport=polling`);
    const { sid } = JSON.parse((await answer.text()).slice(1)) as { sid: string };
    const posted = await fetch(`${api.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`, {
      method: 'POST',
      body: '4'.repeat(MB),
    });
    expect(posted.status).toBe(413);
    const { length } = small.messages;
    await eventually(() => expect(small.messages.length).toBeGreaterThan(length));
    expect(small.disconnects).toEqual([]);
    small.close();
  });

  it('survives what is no Socket.IO at all', async () => {
    const tcp = await connectByHand();
    const packets = [
      '',
      '9',
      '4',
      '42',
      '42/metrics,',
      '42/metrics,[',
      '42/metrics,{}',
      '45/metrics,1-["x"]',
      '43/metrics,7[]',
    ];
    for (const packet of [...packets, '42/metrics,["__proto__"]', '40/nowhere,', `4${'['.repeat(9_000)}`]) {
      tcp.write(frame(packet));
      const other = await connectByHand();
      other.write(frame(packet));
      other.destroy();
    }
    tcp.destroy();
    const client = await LiveClient.connect(api.url, { token: key });
    expect(await client.subscribe()).toEqual({ ok: true });
    client.close();
  });

  it('cuts off who sends without end', async () => {
    const client = await LiveClient.connect(api.url, { token: key });
    for (let n = 0; n < 1_100; n++) client.socket.emit('nothing');
    await eventually(() => expect(client.disconnects).toEqual(['io server disconnect']));
  });

  it.each([
    ['heartbeats', '3', false],
    ['heartbeats', '3', true],
    ['frames that mean nothing', '6', false],
    ['frames that mean nothing', '6', true],
    ['wrong credentials', '40/metrics,{"token":"nobody"}', false],
    ['wishes for other namespaces', '40/nowhere,', false],
    ['wishes for other namespaces', '40/nowhere,', true],
  ])('cuts off who sends %s without end (%s, credential shown: %s)', async (_name, packet, shown) => {
    const tcp = await connectByHand(shown);
    const flood = setInterval(() => tcp.write(Buffer.concat(Array.from({ length: 100 }, () => frame(packet)))), 5);
    try {
      await eventually(() => expect(tcp.destroyed).toBe(true), 8_000);
    } finally {
      clearInterval(flood);
      tcp.destroy();
    }
    const client = await LiveClient.connect(api.url, { token: key });
    expect(await client.subscribe()).toEqual({ ok: true });
    client.close();
  });

  it('asks the database nothing while nobody listens', async () => {
    await eventually(() => expect(api.app.get(LiveMetrics).watchedTenants).toBe(0));
  });

  it('keeps its sockets while the database is away and goes on when it is back', async () => {
    const detour = await Detour.open(database.url);
    const own = await TestApi.start(detour.url);
    const client = await LiveClient.connect(own.url, { token: key });
    try {
      await client.subscribe();
      await eventually(() => expect(client.messages.length).toBeGreaterThan(1));
      await detour.close();
      await eventually(async () => {
        expect(await client.subscribe({ client_id: 'unknown' })).toMatchObject({ status: 503 });
      });
      const { length } = client.messages;
      await detour.open();
      await eventually(() => expect(client.messages.length).toBeGreaterThan(length + 2));
      expect(client.disconnects).toEqual([]);
    } finally {
      client.close();
      await own.stop();
      await detour.close();
    }
  });

  it('ends at once on SIGTERM though sockets are open', async () => {
    const own = await TestApiProcess.start(database.url);
    const url = `http://127.0.0.1:${own.port}`;
    const clients = [
      await LiveClient.connect(url, { token: key }),
      await LiveClient.connect(url, { token: key }, { transports: ['polling'] }),
    ];
    for (const client of clients) await client.subscribe();
    await eventually(() => clients.forEach((client) => expect(client.messages.length).toBeGreaterThan(1)));
    const toldAt = Date.now();
    expect(await own.stop()).toBe(0);
    expect(Date.now() - toldAt).toBeLessThan(5_000);
    for (const client of clients) {
      await eventually(() => expect(client.disconnects).toHaveLength(1));
      client.close();
    }
  });
});

/** A masked text frame, as clients send it. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(payload.length < 126 ? 6 : 8);
  head[0] = 0x81;
  if (payload.length < 126) head[1] = 0x80 | payload.length;
  else {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]); // with a mask of zeros
}
