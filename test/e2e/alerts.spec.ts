import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { Webhook } from 'standardwebhooks';
import { eventually } from '../support/eventually.js';
import { describeApi } from '../support/fixture.js';
import { TestWorker } from '../support/worker.js';

const SECRET = `whsec_${Buffer.from('a key of thirty-two bytes, no more').toString('base64')}`;

interface Message {
  type: string;
  data: {
    alert: string;
    episode: string;
    state: string;
    severity: string;
    summary: string;
    value: number | null;
    threshold: number;
    since: string;
  };
}

/** A receiver of webhooks, which does with each request what the test says. */
class Receiver {
  private server: Server;
  readonly requests: { id: string; status: number; message: Message }[] = [];
  /** The status of the next answers, or null to let the sender wait. */
  answer: (message: Message) => number | null = () => 204;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      void read(request).then((body) => {
        const headers = request.headers as Record<string, string>;
        const message = new Webhook(SECRET).verify(body, headers) as Message; // throws: then nothing is answered
        const status = this.answer(message);
        this.requests.push({ id: headers['webhook-id']!, status: status ?? 0, message });
        if (status !== null) response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** What was taken, in order: alert and state. */
  get taken(): string[] {
    return this.requests
      .filter(({ status }) => status === 204)
      .map(({ message: { data } }) => `${data.alert} ${data.state}`);
  }

  get ids(): Set<string> {
    return new Set(this.requests.map(({ id }) => id));
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const WITHIN_MS = 25_000;

describeApi('alerts by webhook', {}, (api, { database }) => {
  const receiver = new Receiver();
  let env: Record<string, string>;
  let workers: TestWorker[];

  const fail = (count: number) =>
    database.query(
      `insert into failed_events (tenant_id, event_id, reason)
       select gen_random_uuid(), gen_random_uuid(), 'bad' from generate_series(1, $1)`,
      [count],
    );
  const mend = () => database.query('delete from failed_events');
  const taken = (...expected: string[]) => eventually(() => expect(receiver.taken).toEqual(expected), WITHIN_MS);
  const nothingWaits = () =>
    eventually(async () => {
      expect(await database.query('select id from alert_messages where delivered_at is null')).toEqual([]);
    });

  beforeAll(async () => {
    const url = await receiver.start();
    env = { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: SECRET, ALERT_DEAD_LETTERS: '2', ALERT_SEALING_SECONDS: '1' };
    workers = await Promise.all([TestWorker.start(database.url, env), TestWorker.start(database.url, env)]);
  });

  afterEach(() => {
    receiver.requests.length = 0;
    receiver.answer = () => 204;
  });

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    receiver.stop();
  });

  it('begin once and end once, with two workers and a receiver that fails first', async () => {
    receiver.answer = () => (receiver.requests.length < 2 ? 500 : 204);
    await fail(3);
    await taken('dead-letters firing');
    expect(receiver.requests.map(({ status }) => status)).toEqual([500, 500, 204]);
    expect(receiver.ids.size).toBe(1); // a repetition is the same message
    await mend();
    await taken('dead-letters firing', 'dead-letters resolved');
    const [begin, end] = receiver.requests.slice(-2).map(({ message }) => message);
    expect(begin).toMatchObject({ type: 'alert.firing', data: { severity: 'warning', value: 3, threshold: 2 } });
    expect(begin!.data.summary).toBe('3 events could not be processed. GET /api/v1/events/failed says why.');
    expect(end).toMatchObject({ type: 'alert.resolved', data: { since: begin!.data.since } });
    expect(end!.data.episode).toBe(begin!.data.episode);
    await nothingWaits();
    expect(await database.query('select id from alert_messages')).toHaveLength(2);
  }, 60_000);

  it('come in order, and the end waits for a beginning that is not taken yet', async () => {
    receiver.answer = ({ data }) => (data.state === 'firing' && receiver.requests.length < 3 ? 503 : 204);
    await fail(3);
    await eventually(() => expect(receiver.requests.length).toBeGreaterThan(0), WITHIN_MS);
    await mend();
    await taken('dead-letters firing', 'dead-letters resolved');
    expect(receiver.requests.map(({ message }) => message.data.state).lastIndexOf('firing')).toBe(
      receiver.requests.length - 2,
    );
  }, 60_000);

  it('are sent by another worker when one is killed while it sends', async () => {
    receiver.answer = () => null;
    await fail(3);
    await eventually(() => expect(receiver.requests).toHaveLength(1), WITHIN_MS);
    await Promise.all(workers.map((worker) => worker.kill())); // also the one that holds the message
    receiver.answer = () => 204;
    await database.query(`update alert_messages set next_attempt_at = now() where delivered_at is null`);
    workers = await Promise.all([TestWorker.start(database.url, env), TestWorker.start(database.url, env)]);
    await taken('dead-letters firing');
    await mend();
    await taken('dead-letters firing', 'dead-letters resolved');
    expect(receiver.ids.size).toBe(2);
    expect(await database.query(`select from alert_messages where name = 'dead-letters'`)).toHaveLength(6);
  }, 90_000);

  it('tell of events that wait, of sealing that stopped and of a tree that was changed, each with its end', async () => {
    const stuck = new pg.Client({ connectionString: database.ownerUrl }); // another worker that hangs while it seals
    await stuck.connect();
    await stuck.query(`select pg_advisory_lock(hashtext('tidemark.sealer'))`);
    await api.post('/logs', { action_type: 'VIEW', resource_type: 'r', resource_id: '1' });
    await taken('sealing-stopped firing');
    await stuck.end();
    await taken('sealing-stopped firing', 'sealing-stopped resolved');
    receiver.requests.length = 0;

    const late = { received: `now() - interval '5 minutes'`, next: `now() + interval '1 hour'` };
    await database.query(
      `insert into ingest_batches (id, tenant_id, first_id, last_id, event_count, received_at, next_attempt_at)
       select id, id, id, id, 1, ${late.received}, ${late.next} from (select uuidv7() as id) batch`,
    );
    await taken('events-pending firing');
    await database.query(`update ingest_batches set next_attempt_at = null`);
    await taken('events-pending firing', 'events-pending resolved');
    receiver.requests.length = 0;

    const [leaf] = await database.query<{ leaf_hash: Buffer }>(
      'select leaf_hash from audit_leaves where leaf_index = 0',
    );
    const set = (hash: Buffer) => database.query('update audit_leaves set leaf_hash = $1 where leaf_index = 0', [hash]);
    await set(Buffer.alloc(32));
    await restart();
    await taken('checkpoint-inconsistent firing');
    await set(leaf!.leaf_hash);
    await restart();
    await taken('checkpoint-inconsistent firing', 'checkpoint-inconsistent resolved');
  }, 120_000);

  it('tell of a schedule that is missed and of a disk that fills up, each with its end', async () => {
    const now = new Date();
    const cron = `${now.getUTCMinutes()} ${now.getUTCHours()} * * *`; // due at start
    await database.query('alter table jobs rename to jobs_away');
    const trouble = { ALERT_SCHEDULE_SECONDS: '1', RETENTION_HOUSEKEEPING_CRON: cron, LOG_LEVEL: 'silent' };
    await restart({ ...env, ...trouble, DATABASE_DISK_BYTES: '1' });
    await inAnyOrder('schedule-missed firing', 'disk-filling firing');
    const [failed] = await database.query<{ error: string }>(`select error from task_runs where error is not null`);
    expect(failed!.error).toContain('"jobs" does not exist');
    const disk = () =>
      receiver.requests.map(({ message }) => message.data).filter(({ alert }) => alert === 'disk-filling');
    expect(disk()[0]).toMatchObject({ severity: 'warning', value: 0, threshold: 14 });
    await database.query('alter table jobs_away rename to jobs');
    await database.query(`update task_runs set leased_until = now() where state = 'queued'`); // it is tried in minutes
    await restart({ ...env, ...trouble, DATABASE_DISK_BYTES: '8000000000000000' });
    await inAnyOrder(
      ...['schedule-missed firing', 'disk-filling firing', 'schedule-missed resolved', 'disk-filling resolved'],
    );
    expect(disk().at(-1)!.value ?? Infinity).toBeGreaterThan(14); // null: never
  }, 120_000);

  /** Each at least once: on a busy machine another schedule may be late by a second for a moment, too. */
  const inAnyOrder = (...expected: string[]) =>
    eventually(() => expect([...new Set(receiver.taken)].sort()).toEqual(expected.toSorted()), WITHIN_MS);

  /** Trees are compared at start, then every minute. */
  async function restart(settings = env): Promise<void> {
    await Promise.all(workers.map((worker) => worker.stop()));
    await Promise.all(workers.map((worker) => worker.launch(database.url, settings)));
  }
});
