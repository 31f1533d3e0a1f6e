/**
 * Prints the live metrics of a tenant, one line a second.
 *
 *   TIDEMARK_KEY=tmk_… node docs/examples/live-metrics.mjs [http://localhost:3000] [client_id]
 */
import { io } from 'socket.io-client';

const [url = 'http://localhost:3000', client_id] = process.argv.slice(2);
const socket = io(`${url}/metrics`, { auth: { token: process.env.TIDEMARK_KEY }, transports: ['websocket'] });

// A subscription ends with its connection, so each new connection subscribes again.
socket.on('connect', async () => {
  const answer = await socket.timeout(5_000).emitWithAck('subscribe', { client_id });
  if (answer.ok) return;
  console.error(answer.error);
  socket.close();
});

socket.on('metrics', ({ ts, accepted_per_s, processed_per_s, pending_events, total_events, latency_ms, by_type }) => {
  const [commonest = ['none', 0]] = Object.entries(by_type).sort(([, a], [, b]) => b - a);
  console.log(
    `${ts}  in ${accepted_per_s}/s  done ${processed_per_s}/s  waiting ${pending_events}  p99 ${latency_ms.p99 ?? '-'} ms  ` +
      `7 days: ${total_events} events, most of them ${commonest[0]} (${commonest[1]})`,
  );
});

// Wrong or missing credentials. While the server is away, the client tries again by itself (socket.active is true then).
socket.on('connect_error', (error) => {
  console.error(error.message);
  if (!socket.active && error.data?.status !== 503) process.exitCode = 1;
});

// Why the server ends the connection: the key was revoked, the token expired, the tenant was suspended.
socket.on('cut', ({ detail }) => console.error(detail));

process.once('SIGINT', () => socket.close());
