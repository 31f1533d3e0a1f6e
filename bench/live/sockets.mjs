import { io } from 'socket.io-client';
import { quantile } from '../statistics.mjs';

/** Many clients of the live metrics in a process of their own. One question at a time. */

/** @type {{socket: import('socket.io-client').Socket, times: number[], last?: object}[]} */
let clients = [];
/** Of the audit log. @type {{socket: import('socket.io-client').Socket, ids: string[]}[]} */
let readers = [];

const ACTIONS = {
  /** @param {{url: string, keys: string[], sockets: number}} options */
  async subscribe({ url, keys, sockets }) {
    clients = await Promise.all(
      Array.from({ length: sockets }, (_, n) => watch(url, keys[Math.floor((n * keys.length) / sockets)])),
    );
    return clients.length;
  },

  /** @param {{url: string, keys: string[], sockets: number}} options */
  async readLogs({ url, keys, sockets }) {
    readers = await Promise.all(
      Array.from({ length: sockets }, (_, n) => readLog(url, keys[Math.floor((n * keys.length) / sockets)])),
    );
    return readers.length;
  },

  /** What each reader got, in its order, without those that got the same. */
  async logs() {
    const texts = readers.map(({ ids }) => ids.join());
    return [...new Set(texts)].map((text) => (text === '' ? [] : text.split(',')));
  },

  /** From now on. */
  async forget() {
    for (const client of clients) client.times = [];
  },

  /** Milliseconds between a message and the next at the same socket. */
  async gaps() {
    const gaps = clients.flatMap(({ times }) => times.slice(1).map((time, n) => time - times[n]));
    const least = Math.min(...clients.map(({ times }) => times.length));
    const [p50, p99] = [0.5, 0.99].map((q) => quantile(gaps, q));
    return { p50, p99, max: Math.max(...gaps), messages: gaps.length, least };
  },

  /** The last message of each, without those that say the same. */
  async last() {
    const texts = clients.map(({ last: { total_events, by_type, pending_events, from, to } }) =>
      JSON.stringify({ total_events, by_type, pending_events, from, to }),
    );
    return [...new Set(texts)].map((text) => JSON.parse(text));
  },

  async close() {
    for (const { socket } of [...clients, ...readers]) socket.close();
    [clients, readers] = [[], []];
  },
};

async function watch(url, token) {
  const client = { socket: await connect(`${url}/metrics`, token), times: [] };
  client.socket.on('metrics', (message) => {
    client.times.push(performance.now());
    client.last = message;
  });
  await subscribe(client.socket);
  return client;
}

async function readLog(url, token) {
  const reader = { socket: await connect(`${url}/logs`, token), ids: [] };
  reader.socket.on('log', ({ id }) => reader.ids.push(id));
  await subscribe(reader.socket);
  return reader;
}

async function connect(url, token) {
  const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true, reconnection: false });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject));
  return socket;
}

async function subscribe(socket) {
  const answer = await socket.timeout(10_000).emitWithAck('subscribe', {});
  if (!answer.ok) throw new Error(answer.error);
}

process.on('SIGINT', () => undefined); // Ctrl-C is the benchmark's to handle
process.on('disconnect', () => process.exit());
process.on('message', ({ action, options }) => {
  ACTIONS[action](options).then(
    (result) => process.send({ answer: result ?? 'done' }),
    (error) => process.send({ error: error.stack ?? String(error) }),
  );
});
process.send({ answer: 'ready' });
