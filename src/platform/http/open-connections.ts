import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const LOOK_MS = 50;
/** By then what was on its way when the process was told to stop has arrived, and WebSockets have said goodbye. */
const WITHOUT_REQUEST_MS = 1_000;
/** So much time has a request to end. Whoever takes longer to send a body or to read an answer is cut off. */
const WITH_REQUEST_MS = 2_500;

const connections = new WeakMap<Server, Set<OpenSocket>>();

/** node:http keeps the answer that is being written at its socket. */
type OpenSocket = Socket & { _httpMessage?: ServerResponse<IncomingMessage> | null };

/** Remembers the connections of `server`: node:http waits for silent ones, and does not know those of WebSockets any more. */
export function trackConnections(server: Server): void {
  const open = new Set<OpenSocket>();
  connections.set(server, open);
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
}

/**
 * Closes connections as they become idle, and those that stand still after a while, so that nobody can keep the process
 * from ending. @returns what ends it
 */
export function drainConnections(server: Server): () => void {
  const startedAt = performance.now();
  const looking = setInterval(() => {
    // A kept-alive connection turns idle only once its answer is out; closing the server closes those idle at that moment.
    server.closeIdleConnections();
    const elapsedMs = performance.now() - startedAt;
    for (const socket of connections.get(server) ?? []) {
      const timeoutMs = (socket._httpMessage ?? null) === null ? WITHOUT_REQUEST_MS : WITH_REQUEST_MS;
      if (elapsedMs > timeoutMs) socket.destroy();
    }
  }, LOOK_MS);
  return () => clearInterval(looking);
}
