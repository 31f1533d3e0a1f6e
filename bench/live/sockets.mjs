import { io } from 'socket.io-client';
import { quantile } from '../statistics.mjs';

/** Many clients of the live metrics in a process of their own. One question at a time. */

/** @type {{socket: import('socket.io-client').Socket, times: number[], last?: object}[]} */
let clients = [];

const ACTIONS = {
  /** @param {{url: string, keys: string[], sockets: number}} options */
  async subscribe({ url, keys, sockets }) {
    clients = await Promise.all(
      Array.from({ length: sockets }, (_, n) => connect(url, keys[Math.floor((n * keys.length) / sockets)])),
    );
    return clients.length;
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
    for (const { socket } of clients) socket.close();
    clients = [];
  },
};

async function connect(url, token) {
  const socket = io(`${url}/metrics`, {
    auth: { token },
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
  });
  const client = { socket, times: [] };
  socket.on('metrics', (message) => {
    client.times.push(performance.now());
    client.last = message;
  });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject));
  const answer = await socket.timeout(10_000).emitWithAck('subscribe', {});
  if (!answer.ok) throw new Error(answer.error);
  return client;
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
