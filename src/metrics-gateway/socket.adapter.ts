import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { MessageMappingProperties } from '@nestjs/websockets';
import type { Observable } from 'rxjs';
import type { Server, ServerOptions, Socket } from 'socket.io';
import { ORIGIN_REFUSED, type CorsPolicy } from '../platform/http/cors.js';
import { writingJson } from '../platform/json/json-text.js';
import { limitConnections } from './connection-limits.js';
import { SocketAccess } from './socket-access.js';
import { handleInTurn } from './socket-messages.js';

/** What a client may send at once: a subscription is some hundred bytes. */
const MAX_MESSAGE_BYTES = 16 * 1_024;
/** Of Engine.IO, on which Socket.IO builds. */
const UNKNOWN_SID = 1;
/** A connection that has not entered a namespace by then is closed. */
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Socket.IO on the HTTP server of the API, which sets the headers of CORS before Socket.IO sees a request. Connection
 * state recovery stays off: it would let a client whose key was revoked back into its rooms without asking.
 */
export class SocketAdapter extends IoAdapter {
  private readonly access: SocketAccess;

  constructor(
    app: NestExpressApplication,
    private readonly cors: CorsPolicy,
  ) {
    super(app);
    this.access = app.get(SocketAccess);
  }

  override bindMessageHandlers(
    socket: Socket,
    handlers: MessageMappingProperties[],
    transform: (result: unknown) => Observable<unknown>,
  ): void {
    handleInTurn(socket, this.access, handlers, transform);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const server = super.createIOServer(port, {
      ...options,
      serveClient: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      connectTimeout: CONNECT_TIMEOUT_MS,
      allowRequest: (request: IncomingMessage, answer: (message: string | null, allowed: boolean) => void) => {
        const allowed = isOriginAllowed(request, this.cors);
        answer(allowed ? null : ORIGIN_REFUSED, allowed);
      },
    } as ServerOptions);
    keepDigits(server);
    explainUnknownSessions(server);
    limitConnections(server);
    // Clients that name no namespace get this one; there is nothing in it, so nobody may stay.
    server.of('/').use((_socket, next) => next(new Error('There is nothing in this namespace. Connect to /metrics.')));
    return server;
  }
}

const UNKNOWN_SESSION =
  'Another API process, or one that has ended, knows this session: behind a load balancer connect with ' +
  "transports: ['websocket'], or let the balancer send all requests of a client to the same process.";

type AnswerError = (code?: number, context?: object) => void;

/** What Socket.IO asks before it takes a request; private to its types. */
interface Engine {
  verify(request: IncomingMessage, upgrade: boolean, answer: AnswerError): void;
}

/**
 * Polling, with which clients start, is a session of several requests. Balanced over several processes, some of them
 * meet one that does not know it.
 */
function explainUnknownSessions({ engine }: Server): void {
  const asked = engine as unknown as Engine;
  const verify = asked.verify.bind(asked);
  asked.verify = (request, upgrade, answer) =>
    verify(request, upgrade, (code, context) =>
      answer(code, code === UNKNOWN_SID ? { ...context, message: UNKNOWN_SESSION } : context),
    );
}

/** Socket.IO writes JSON itself. */
function keepDigits({ encoder }: Server): void {
  const encode = encoder.encode.bind(encoder) as (...parameters: unknown[]) => unknown[];
  encoder.encode = (packet) => writingJson(() => encode(packet));
}

/**
 * Browsers do not hold WebSockets to CORS, so the server looks itself. Programs send no origin; browsers always do, and
 * a page of this very host is one of ours.
 */
function isOriginAllowed({ headers: { origin, host } }: IncomingMessage, cors: CorsPolicy): boolean {
  if (origin === undefined || cors.allows(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
