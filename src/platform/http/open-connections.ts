import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const LOOK_MS = 50;
/**
 * By then requests that were on their way when the process was told to stop have arrived, and WebSockets have closed.
 */
const WITHOUT_REQUEST_MS = 1_000;
/** Time that a request has to end. A client that takes longer to send a body or to read an answer is cut off. */
const WITH_REQUEST_MS = 2_500;

const connections = new WeakMap<Server, Set<OpenSocket>>();

/** node:http keeps the response that is being written in a property of the socket. */
type OpenSocket = Socket & { _httpMessage?: ServerResponse<IncomingMessage> | null };

/**
 * Keeps track of the connections of `server`: node:http waits for silent ones, and no longer knows those of WebSockets.
 */
export function trackConnections(server: Server): void {
  const open = new Set<OpenSocket>();
  connections.set(server, open);
  server.on('connection', (socket: Socket) => {
    if (open.has(socket)) return; // one that an upgrade request gave back: it closes once
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
}

/**
 * Closes connections as they become idle, and those without progress after a while, so that no client can keep the
 * process from ending. @returns a function that stops this
 */
export function drainConnections(server: Server): () => void {
  const startedAt = performance.now();
  const looking = setInterval(() => {
    // A kept-alive connection becomes idle only once its answer is sent; closing the server closes those idle at that
    // moment.
    server.closeIdleConnections();
    const elapsedMs = performance.now() - startedAt;
    for (const socket of connections.get(server) ?? []) {
      const timeoutMs = (socket._httpMessage ?? null) === null ? WITHOUT_REQUEST_MS : WITH_REQUEST_MS;
      if (elapsedMs > timeoutMs) socket.destroy();
    }
  }, LOOK_MS);
  return () => clearInterval(looking);
}
