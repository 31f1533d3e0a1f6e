import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Namespace, Socket } from 'socket.io';
import { AuthService } from '../auth/auth.service.js';
import { limitKey, RateLimiter } from '../auth/limits/rate-limiter.js';
import { takeRequest } from '../auth/limits/request-limit.js';
import { MemorySlidingWindow } from '../auth/limits/window.js';
import { CONFIG, type Config } from '../platform/config/config.js';
import type { AuthenticatedSocket } from '../platform/http/access.js';
import type { Principal } from '../platform/http/principal.js';
import { Problem, unauthorized } from '../platform/http/problem.js';
import { problemAnswer } from '../platform/http/problem.filter.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { RareWarning } from '../platform/logging/rare-warning.js';
import { PeriodicTasks } from '../platform/scheduling/periodic-tasks.js';
import { requestId } from '../platform/http/request-id.js';
import { SlowReaders } from './slow-readers.js';

const CHECK_EVERY_MS = 1_000;
const MAX_MESSAGES = 1_000;
const MESSAGE_WINDOW_MS = 10_000;

/**
 * Who may hold a socket, and for how long: the credential of the handshake is checked like that of a request, and from
 * then on every second against the key as it is. Key records are 1.6 s old at most, so a revoked key keeps its sockets
 * for less than three seconds.
 */
@Injectable()
export class SocketAccess {
  private readonly warning = new RareWarning(new Logger(SocketAccess.name));
  private readonly namespaces: Namespace[] = [];
  /** The connections that each key holds. */
  private readonly held = new Map<string, Set<unknown>>();
  private readonly slowReaders = new SlowReaders();
  private readonly messages = new MemorySlidingWindow();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly auth: AuthService,
    private readonly limiter: RateLimiter,
    metrics: Metrics,
    tasks: PeriodicTasks,
  ) {
    const clients = metrics.gauge('tidemark_socket_clients');
    metrics.beforeScrape(() => {
      for (const { name, sockets } of this.namespaces) clients.set({ namespace: name }, sockets.size);
    });
    tasks.add({
      name: 'socket-access',
      schedule: { pauseMs: CHECK_EVERY_MS },
      run: () => this.checkAll(),
      onError: (error) => this.warning.warn(`sockets not checked: ${error.message}`),
    });
  }

  /** How many sockets were cut off because they did not read. */
  get slowReadersDropped(): number {
    return this.slowReaders.dropped;
  }

  /** The most that ever waited in memory for one client. */
  get mostBufferedBytes(): number {
    return this.slowReaders.mostBufferedBytes;
  }

  /** Lets only sockets with a credential that may read into `namespace`. */
  guard(namespace: Namespace): void {
    this.namespaces.push(namespace);
    namespace.use((socket, next) => {
      this.admit(socket).then(
        () => next(),
        (error: unknown) => next(toConnectError(error, socket)),
      );
    });
  }

  /**
   * For everything that comes in on a socket, before it is answered.
   * @returns false when the socket was cut off: it asks more than anybody needs, or does not read the answers
   */
  allowsMessage(socket: Socket): boolean {
    if (this.slowReaders.dropIfFull(socket)) return false;
    const { allowed } = this.messages.take(socket.id, 1, MAX_MESSAGES, MESSAGE_WINDOW_MS);
    if (!allowed) cut(socket, 429, `A connection may send ${MAX_MESSAGES} messages in ${MESSAGE_WINDOW_MS / 1_000} s.`);
    return allowed;
  }

  private async admit(socket: Socket): Promise<void> {
    const token: unknown = socket.handshake.auth['token'];
    const principal = await this.authenticate(token, socket);
    await takeRequest(this.limiter, principal, () => undefined);
    this.hold(principal, socket);
    (socket as AuthenticatedSocket).data.principal = principal;
  }

  private authenticate(token: unknown, socket: Socket): Promise<Principal> {
    if (token === undefined || token === null) return this.auth.authenticate(socket.request, 'read');
    if (typeof token !== 'string' || token === '') throw unauthorized('auth.token must be an API key or a token.');
    return this.auth.authenticateWith(token, socket.request, 'read');
  }

  private hold(principal: Principal, socket: Socket): void {
    const key = limitKey(principal);
    const connections = this.held.get(key) ?? new Set<unknown>();
    const limit = this.config.SOCKETS_PER_KEY;
    if (connections.size >= limit && !connections.has(socket.conn)) {
      throw new Problem(429, `This key has ${limit} live connections open already. Close one first.`);
    }
    this.held.set(key, connections.add(socket.conn));
    // Of the connection, not the socket: a client that leaves while it is being admitted never becomes a socket.
    socket.conn.once('close', () => {
      connections.delete(socket.conn);
      if (connections.size === 0 && this.held.get(key) === connections) this.held.delete(key);
    });
  }

  private async checkAll(): Promise<void> {
    for (const namespace of this.namespaces) {
      for (const socket of [...namespace.sockets.values()]) {
        if (!this.slowReaders.look(socket)) await this.check(socket);
      }
    }
  }

  /** While the database is away nobody can tell, and nothing is sent either: the socket stays. */
  private async check(socket: Socket): Promise<void> {
    const held = principalOf(socket);
    try {
      const current = await this.auth.renew(held);
      if (current.scopes.length < held.scopes.length) cut(socket, 403, 'The scopes of this key were narrowed.');
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      cut(socket, error.status, error.detail);
    }
  }
}

/** Tells the client why, then closes its connection. */
export function cut(socket: Socket, status: number, detail: string): void {
  socket.emit('cut', { status, detail });
  socket.disconnect(true);
}

/** Of a socket that {@link SocketAccess.guard} let in. */
function principalOf(socket: Socket): Principal {
  return (socket as AuthenticatedSocket).data.principal!;
}

/** What the client finds in `connect_error`: the sentence as its message, the problem as its data. */
function toConnectError(thrown: unknown, socket: Socket): Error {
  const { body, detail } = problemAnswer(thrown, socket.nsp.name, requestId(socket.request));
  return Object.assign(new Error(detail), { data: JSON.parse(body) as unknown });
}
