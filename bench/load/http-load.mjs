import { quantile } from '../statistics.mjs';
import { encodeRequest, HttpConnection } from './http-connection.mjs';
import { EventIds, sampleEvent } from './sample-event.mjs';

/** @typedef {{port: number, path: string, key: string | undefined, connections: number}} Target */

const DISTINCT_BODIES = 4_096;
const EVENTS_PER_REQUEST = 500;

/**
 * One event per request for `seconds` or until there were `requests`, each with an event_id of its own.
 * @param {Target & {seconds: number, requests?: number}} options
 * @returns {Promise<{perSecond: number, p50_ms: number, p99_ms: number, requests: number}>}
 */
export async function loadSingles(options) {
  const ids = new EventIds();
  // Far more than there are connections, so a buffer is used again only after its request was answered.
  const requests = Array.from({ length: DISTINCT_BODIES }, (_, n) => {
    return encodeRequest(options, JSON.stringify(sampleEvent(n, ids.next())));
  });
  const tailAt = requests.map((request) => request.indexOf(ids.prefix) + ids.prefix.length);
  let sent = 0;
  let deadline = Infinity;
  const run = new Run(options, 'HTTP/1.1 202', () => {
    if (performance.now() >= deadline || sent === options.requests) return null;
    const n = sent++ % DISTINCT_BODIES;
    requests[n].latin1Write(ids.nextTail(), tailAt[n]);
    return requests[n];
  });
  await run.connect();
  deadline = performance.now() + options.seconds * 1_000;
  const seconds = await run.go();
  const { latencies } = run;
  const [p50_ms, p99_ms] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  return { perSecond: latencies.length / seconds, p50_ms, p99_ms, requests: latencies.length };
}

/**
 * A given number of requests with 500 new events each, made before the clock starts.
 * @param {Target & {requests: number}} options
 * @returns {Promise<{perSecond: number, events: number}>}
 */
export async function loadBatches(options) {
  const ids = new EventIds();
  const bodies = Array.from({ length: options.requests }, (_, request) => {
    const events = Array.from({ length: EVENTS_PER_REQUEST }, (_, n) =>
      sampleEvent(request * EVENTS_PER_REQUEST + n, ids.next()),
    );
    return encodeRequest(options, JSON.stringify({ events }));
  });
  const run = new Run(options, 'HTTP/1.1 202', () => bodies.pop() ?? null, `{"accepted":${EVENTS_PER_REQUEST},`);
  await run.connect();
  const seconds = await run.go();
  const events = options.requests * EVENTS_PER_REQUEST;
  return { perSecond: events / seconds, events };
}

/** Keeps every connection busy until there is nothing left to send; any answer but the expected one ends it. */
class Run {
  /** @type {number[]} milliseconds */
  latencies = [];

  /** @param {Target} target @param {string} status @param {() => Buffer | null} nextRequest @param {string} [start] of the body */
  constructor(target, status, nextRequest, start = '') {
    this.nextRequest = nextRequest;
    this.start = start;
    this.status = status;
    this.open = target.connections;
    this.ended = new Promise((resolve, reject) => {
      this.end = resolve;
      this.fail = reject;
    });
    this.ended.catch(() => undefined); // whoever awaits it sees it; it may fail before that
    this.connections = Array.from({ length: target.connections }, () => this.makeConnection(target.port));
  }

  makeConnection(port) {
    const answered = (head, body) => {
      this.latencies.push(performance.now() - connection.sentAt);
      this.check(head, body);
      this.sendNext(connection);
    };
    const connection = new HttpConnection(port, answered, this.fail);
    return connection;
  }

  connect() {
    return Promise.race([this.ended, Promise.all(this.connections.map((connection) => connection.connected))]);
  }

  /** @returns {Promise<number>} seconds from the first request to the last answer */
  async go() {
    const start = performance.now();
    for (const connection of this.connections) this.sendNext(connection);
    try {
      await this.ended;
      return (performance.now() - start) / 1_000;
    } finally {
      for (const connection of this.connections) connection.close();
    }
  }

  sendNext(connection) {
    const request = this.nextRequest();
    if (request === null) {
      this.open -= 1;
      if (this.open === 0) this.end();
      return;
    }
    connection.sentAt = performance.now();
    connection.send(request);
  }

  check(head, body) {
    if (head.startsWith(this.status) && body.latin1Slice(0, this.start.length) === this.start) return;
    this.fail(new Error(`unexpected answer: ${head.slice(0, 40)} … ${body.toString('utf8', 0, 400)}`));
  }
}
