import { io, type Socket } from 'socket.io-client';
import type { EntryResponse as Entry } from '../../src/audit/entries/entries.dto.js';
import { SocketAccess } from '../../src/metrics-gateway/socket-access.js';
import { TestApi } from '../support/api.js';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import type { Ack, ConnectError } from '../support/live.js';

class LogClient {
  readonly entries: Entry[] = [];
  readonly disconnects: string[] = [];
  /** As they came. */
  readonly packets: string[] = [];

  private constructor(readonly socket: Socket) {
    socket.on('log', (entry: Entry) => this.entries.push(entry));
    socket.on('disconnect', (reason) => this.disconnects.push(reason));
  }

  static async connect(api: TestApi, token: string): Promise<LogClient> {
    const socket = io(`${api.url}/logs`, {
      ...{ auth: { token }, transports: ['websocket'], forceNew: true, reconnection: false },
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    const client = new LogClient(socket);
    socket.io.engine.on('packet', ({ data }) => client.packets.push(String(data)));
    return client;
  }

  subscribe(message: unknown = {}): Promise<Ack> {
    return this.socket.timeout(10_000).emitWithAck('subscribe', message) as Promise<Ack>;
  }

  get messages(): (string | null)[] {
    return this.entries.map(({ message }) => message);
  }
}

const OPTIONS = { env: { RATE_LIMIT_REQUESTS: '100000' }, apis: 2, workers: 2 };

describeApi('the live audit log', OPTIONS, (_api, { apis, workers }) => {
  const clients: LogClient[] = [];

  afterEach(() => {
    for (const { socket } of clients.splice(0)) socket.close();
  });

  const connect = async (key: string, n = 0) => {
    const client = await LogClient.connect(apis[n]!, key);
    clients.push(client);
    return client;
  };

  const record = async (key: string, message: string, more: object = {}) => {
    const body = { action_type: 'UPDATE', resource_type: 'order', resource_id: '1', message, ...more };
    const answer = await apis[0]!.post<Entry>('/logs', body, key);
    expect(answer.status).toBe(201);
    return answer.body.id;
  };

  const makeKey = async (name: string) => apis[0]!.createKey(await apis[0]!.createTenant(name), ['read', 'write']);

  it('sends each entry once and in order, from every API process, through the death of a worker', async () => {
    const key = await makeKey('Orders');
    const readers = await Promise.all([connect(key, 0), connect(key, 1)]);
    for (const reader of readers) expect(await reader.subscribe()).toEqual({ ok: true });
    const sent: string[] = [];
    for (let n = 0; n < 120; n++) {
      await record(key, `entry ${n}`);
      sent.push(`entry ${n}`);
      if (n === 40) await workers[0]!.kill();
      if (n === 80) await workers[0]!.restart();
    }
    await eventually(() => expect(readers.map(({ messages }) => messages.length)).toEqual([120, 120]), 20_000);
    for (const reader of readers) expect(reader.messages).toEqual(sent);
    const [first] = readers[0].entries;
    expect((await apis[0]!.get<Entry>(`/logs/${first!.id}`, key)).body).toEqual(first);
  }, 90_000);

  it('replays what came after an entry, sealed or not, and then goes on', async () => {
    const key = await makeKey('Replays');
    const ids: string[] = [];
    for (let n = 0; n < 250; n++) ids.push(await record(key, `entry ${n}`));
    const [late, soon] = [await connect(key, 1), await connect(key, 0)];
    expect(await soon.subscribe({ after: ids.at(-1) })).toEqual({ ok: true }); // hardly sealed yet
    expect(await late.subscribe({ after: ids[9] })).toEqual({ ok: true });
    await record(key, 'the last');
    await eventually(() => expect(soon.messages).toEqual(['the last']));
    await eventually(() => expect(late.messages).toHaveLength(241));
    expect(late.messages).toEqual([...Array.from({ length: 240 }, (_, n) => `entry ${n + 10}`), 'the last']);
  }, 60_000);

  it('sends numbers with all their digits, new entries and replayed ones', async () => {
    const key = await makeKey('Digits');
    const first = await record(key, 'first');
    const [before, after] = ['{"id":9007199254740993}', '{"id":9007199254740995,"rate":0.10000000000000000555}'];
    const states = `"before_state":${before},"after_state":${after},"metadata":{"ids":[-18446744073709551617]}`;
    const reader = await connect(key);
    await reader.subscribe();
    const response = await fetch(`${apis[0]!.url}/api/v1/logs`, {
      method: 'POST',
      headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
      body: `{"action_type":"UPDATE","resource_type":"account","resource_id":"1","message":"second",${states}}`,
    });
    expect(response.status).toBe(201);
    await eventually(() => expect(reader.messages).toEqual(['second']));
    const late = await connect(key, 1);
    await late.subscribe({ after: first });
    await eventually(() => expect(late.messages).toEqual(['second']));
    for (const { packets } of [reader, late]) {
      const sent = packets.find((text) => text.includes('"second"'));
      expect(sent).toContain(`"before_state":${before}`);
      expect(sent).toContain(`"after_state":${after}`);
      expect(sent).toContain('[-18446744073709551617]');
      expect(sent).toContain('"changes":[{"path":"/id","before":9007199254740993,"after":9007199254740995}');
    }
  });

  it('sends nothing that was recorded before the subscription', async () => {
    const key = await makeKey('Before');
    for (let n = 0; n < 5; n++) await record(key, 'before');
    const reader = await connect(key);
    await reader.subscribe();
    await record(key, 'after');
    await eventually(() => expect(reader.messages).toEqual(['after']));
  });

  it('narrows to action, severity and resource, and stops on request', async () => {
    const key = await makeKey('Filters');
    const [errors, deletions] = [await connect(key), await connect(key)];
    await errors.subscribe({ severity: 'ERROR', resource_type: 'invoice' });
    await deletions.subscribe({ action_type: 'DELETE' });
    await record(key, 'a', { severity: 'ERROR', resource_type: 'invoice' });
    await record(key, 'b', { severity: 'ERROR' });
    await record(key, 'c', { action_type: 'DELETE' });
    await eventually(() => expect([errors.messages, deletions.messages]).toEqual([['a'], ['c']]));
    await errors.socket.emitWithAck('unsubscribe');
    await record(key, 'd', { severity: 'ERROR', resource_type: 'invoice' });
    await record(key, 'e', { action_type: 'DELETE' });
    await eventually(() => expect(deletions.messages).toEqual(['c', 'e']));
    expect(errors.messages).toEqual(['a']);
  });

  it('shows nobody else’s entries, and refuses what is no subscription', async () => {
    const [key, foreign] = [await makeKey('Mine'), await makeKey('Theirs')];
    const foreignId = await record(foreign, 'secret');
    const tenant = (await apis[0]!.get<{ tenant: { id: string } }>('/auth/info', foreign)).body.tenant.id;
    const reader = await connect(key);
    const refused: [unknown, number][] = [
      [{ tenant_id: tenant }, 403],
      [{ after: foreignId }, 404],
      [{ after: 'x' }, 400],
      [{ severity: 'LOUD' }, 400],
      [{ action_type: 7 }, 400],
      [{ client_id: 'shop' }, 400],
      ['all', 400],
    ];
    for (const [message, status] of refused)
      expect(await reader.subscribe(message)).toMatchObject({ ok: false, status });
    await reader.subscribe();
    await record(foreign, 'secret too');
    await record(key, 'mine');
    await eventually(() => expect(reader.messages).toEqual(['mine']));
    expect(JSON.stringify(reader.entries)).not.toContain('secret');
  });

  it('lets a platform key read any tenant, and nobody who may not read', async () => {
    const key = await makeKey('Watched');
    const tenant = (await apis[0]!.get<{ tenant: { id: string } }>('/auth/info', key)).body.tenant.id;
    const reader = await connect(apis[0]!.config.PLATFORM_API_KEY!);
    expect(await reader.subscribe({ tenant_id: tenant })).toEqual({ ok: true });
    await record(key, 'watched');
    await eventually(() => expect(reader.messages).toEqual(['watched']));
    for (const [token, status] of [
      [await apis[0]!.createKey(tenant, ['write']), 403],
      ['x', 401],
    ] as const) {
      const error = await LogClient.connect(apis[0]!, token).catch((thrown: unknown) => thrown as ConnectError);
      expect((error as ConnectError).data?.status).toBe(status);
    }
  });

  it('is cut when the key is revoked', async () => {
    const key = await makeKey('Revoked');
    const info = (await apis[0]!.get<{ key_id: string; tenant: { id: string } }>('/auth/info', key)).body;
    const reader = await connect(key);
    await reader.subscribe();
    const headers = { 'X-Tenant-Id': info.tenant.id };
    await apis[0]!.call('PATCH', `/keys/${info.key_id}`, { body: { is_active: false }, headers });
    await eventually(() => expect(reader.disconnects).toEqual(['io server disconnect']), 5_000);
  });

  it('keeps a reader that stands still from growing the memory, and drops it', async () => {
    const key = await makeKey('Slow');
    const reader = await connect(key);
    await reader.subscribe();
    const { _socket: connection } = (
      reader.socket.io.engine as unknown as { transport: { ws: { _socket: { pause(): void } } } }
    ).transport.ws;
    connection.pause();
    const logs = Array.from({ length: 100 }, (_, n) => ({
      ...{ action_type: 'UPDATE', resource_type: 'order', resource_id: '1', message: `${n}` },
      after_state: { text: 'x'.repeat(40_000) },
    }));
    for (let n = 0; n < 12; n++) expect((await apis[0]!.post('/logs/bulk', { logs }, key)).status).toBe(201);
    const access = apis[0]!.app.get(SocketAccess);
    await eventually(() => expect(access.slowReadersDropped).toBe(1), 40_000);
    expect(access.mostBufferedBytes).toBeLessThan(1_048_576);
  }, 90_000);
});
