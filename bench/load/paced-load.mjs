import { quantile } from '../statistics.mjs';
import { encodeRequest, HttpConnection } from './http-connection.mjs';
import { EventIds, sampleEvent } from './sample-event.mjs';

const CONNECTIONS = 16;

/**
 * Single events at a steady rate, and beside them bad requests from the same address: with keys that do not exist, or
 * whole ones that the caller made. Both follow a timetable that no slow answer delays: a latency counts from the moment
 * its request was due.
 *
 * @param {{port: number, path: string, key: string, perSecond: number, seconds: number,
 *   badPerSecond?: number, badKeys?: string[], badRequests?: string[], refusals?: string[]}} options requests in base64, statuses they may get
 * @returns {Promise<{p50_ms: number, p99_ms: number, answers: Record<string, number>}>} latencies of the events alone
 */
export async function loadPaced({ seconds, perSecond, badPerSecond = 0, badKeys, badRequests, refusals, ...target }) {
  const ids = new EventIds();
  const event = (n) => encodeRequest(target, JSON.stringify(sampleEvent(n, ids.next())));
  const withBadKey = (n) =>
    encodeRequest({ ...target, key: badKeys[n % badKeys.length] }, JSON.stringify(sampleEvent(n, 'x')));
  const made = badRequests?.map((text) => Buffer.from(text, 'base64'));
  const good = new Timetable(target.port, ['202'], event);
  const flood = new Timetable(
    target.port,
    refusals ?? ['401', '429'],
    made === undefined ? withBadKey : (n) => made[n % made.length],
  );
  await Promise.all([good.run(perSecond, seconds), flood.run(badPerSecond, seconds)]);
  return {
    p50_ms: quantile(good.latencies, 0.5),
    p99_ms: quantile(good.latencies, 0.99),
    answers: { ...good.answers, ...flood.answers },
  };
}

/** Requests that are due at fixed moments; those that find no free connection wait for one. */
class Timetable {
  /** @type {number[]} milliseconds */
  latencies = [];
  /** @type {Record<string, number>} by status */
  answers = {};
  /** @type {number[]} moments of requests that wait for a connection */
  due = [];
  sent = 0;

  /** @param {number} port @param {string[]} expected statuses @param {(n: number) => Buffer} makeRequest */
  constructor(port, expected, makeRequest) {
    this.expected = expected;
    this.makeRequest = makeRequest;
    this.failed = new Promise((_, reject) => (this.fail = reject));
    this.failed.catch(() => undefined); // whoever awaits it sees it
    this.port = port;
  }

  makeConnection() {
    const connection = new HttpConnection(this.port, (head) => this.note(connection, head), this.fail);
    return connection;
  }

  async run(perSecond, seconds) {
    const total = perSecond * seconds;
    if (total === 0) return;
    this.connections = Array.from({ length: CONNECTIONS }, () => this.makeConnection());
    try {
      await Promise.race([this.failed, Promise.all(this.connections.map(({ connected }) => connected))]);
      this.free = [...this.connections];
      await Promise.race([this.failed, this.sendOnTime(total, perSecond)]);
    } finally {
      clearTimeout(this.timer);
      for (const connection of this.connections) connection.close();
    }
  }

  /** Resolves with the last answer. */
  sendOnTime(total, perSecond) {
    const start = performance.now();
    let scheduled = 0;
    const moment = () => start + (scheduled / perSecond) * 1_000;
    const tick = () => {
      for (; scheduled < total && performance.now() >= moment(); scheduled++) this.due.push(moment());
      this.sendDue();
      if (scheduled < total) this.timer = setTimeout(tick, moment() - performance.now());
    };
    tick();
    return new Promise((resolve) => {
      this.finish = () => this.latencies.length === total && resolve();
    });
  }

  sendDue() {
    while (this.due.length > 0 && this.free.length > 0) {
      const connection = this.free.shift(); // in turn: the server ends connections that never say anything
      connection.dueAt = this.due.shift();
      connection.send(this.makeRequest(this.sent++));
    }
  }

  note(connection, head) {
    const status = head.slice(9, 12);
    if (!this.expected.includes(status)) return this.fail(new Error(`unexpected answer: ${head.slice(0, 200)}`));
    this.latencies.push(performance.now() - connection.dueAt);
    this.answers[status] = (this.answers[status] ?? 0) + 1;
    this.finish();
    void this.release(connection, head);
  }

  /** A refused request is answered before its body was read, and then the server closes: the next one needs another connection. */
  async release(connection, head) {
    let free = connection;
    if (/\r\nconnection: close/i.test(head)) {
      connection.close();
      free = this.makeConnection();
      this.connections[this.connections.indexOf(connection)] = free;
      await free.connected;
    }
    this.free.push(free);
    this.sendDue();
  }
}
