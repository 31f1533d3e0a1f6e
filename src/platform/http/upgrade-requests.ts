import type { IncomingMessage, Server } from 'node:http';
import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { notFound, Problem } from './problem.js';
import { hostProblem } from './request-head.js';

type Upgrade = (request: IncomingMessage, socket: Socket, rest: Buffer) => void;
type Refuse = (problem: Problem, request: IncomingMessage, response: ServerResponse) => void;

const SOCKET_IO = '/socket.io/';
/** node:http keeps this many headers (names and values counted) and silently drops the rest. */
const MAX_RAW_HEADERS = 2_000;

/**
 * Because Socket.IO listens for upgrades, node:http no longer handles a request that asks for any upgrade. The JDK's
 * client asks for `h2c` with each request and would never be answered. Only a WebSocket at Socket.IO's path gets
 * through. Other WebSockets are refused, and all other requests go on as if they had not asked, as RFC 9110 (7.8) says.
 * Node 24 has server.shouldUpgradeCallback for this, Node 20 has not. And where node:http itself lets such a request go
 * on, requests pipelined behind it are never answered.
 */
export function answerUpgrades(server: UpgradingServer, refuse: Refuse): void {
  // From Node 25 on the event comes after the body is read, and bytes that were read cannot be given back.
  if (Number(process.versions.node.split('.')[0]) > 24) {
    server.shouldUpgradeCallback = (request) => isForWebSocket(request) || !hasBody(request);
  }
  const listeners = server.listeners('upgrade') as Upgrade[];
  server.removeAllListeners('upgrade');
  server.on('upgrade', (request: IncomingMessage, socket: Socket, rest: Buffer) => {
    const problem = problemOf(request);
    if (problem !== null) refuse(problem, request, responseOn(socket, request));
    else if (isForWebSocket(request)) for (const listener of listeners) listener.call(server, request, socket, rest);
    else goOnInHttp(server, request, socket, rest);
  });
}

function problemOf(request: IncomingMessage): Problem | null {
  if (request.rawHeaders.length >= MAX_RAW_HEADERS) return new Problem(431, 'There are too many headers. Send fewer.');
  if (!isForWebSocket(request)) return null; // its other faults are found once it is a request
  if (request.url?.startsWith(SOCKET_IO) !== true) {
    return notFound(
      `There is no WebSocket at this address. Live metrics are sent over Socket.IO: connect a Socket.IO client, whose path is ${SOCKET_IO}, to the namespace /metrics.`,
    );
  }
  return hostProblem(request);
}

const hasBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

type UpgradingServer = Server & { shouldUpgradeCallback?: (request: IncomingMessage) => boolean };

function isForWebSocket({ headers, httpVersion }: IncomingMessage): boolean {
  return httpVersion !== '1.0' && headers.upgrade?.trim().toLowerCase() === 'websocket';
}

/** A socket that node:http has handed over needs its own response and its own listener for errors. */
function responseOn(socket: Socket, request: IncomingMessage): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  socket.on('error', () => socket.destroy());
  socket.once('close', () => response.emit('close'));
  return response;
}

/** Gives the connection back to the server, starting with the same request without its Upgrade header. */
function goOnInHttp(server: Server, request: IncomingMessage, socket: AnsweringSocket, rest: Buffer): void {
  const ignoreError = () => undefined; // the socket closes, and there is nobody to report to
  socket.on('error', ignoreError);
  onceAnswered(socket, () => {
    socket.off('error', ignoreError);
    // node:http leaves these two of its listeners behind, and sets them again.
    socket.removeAllListeners('resume').removeAllListeners('pause').setTimeout(0);
    socket.unshift(Buffer.concat([Buffer.from(headWithoutUpgrade(request), 'latin1'), rest]));
    server.emit('connection', socket);
  });
}

/**
 * Waits until earlier requests on the connection are answered: the parser of the next ones does not know about them.
 */
function onceAnswered(socket: AnsweringSocket, goOn: () => void): void {
  const answer = socket._httpMessage;
  if (socket.destroyed) return;
  if (answer === undefined || answer === null) goOn();
  else answer.once('close', () => onceAnswered(socket, goOn));
}

/** node:http keeps the response that is being written in a property of the socket. */
type AnsweringSocket = Socket & { _httpMessage?: ServerResponse | null };

const OF_UPGRADE = ['upgrade', 'http2-settings'];

/** Not a byte longer than it came, so that limits apply as before. */
function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const name = rawHeaders[n]!; // n is below the length, which is even
    const value = rawHeaders[n + 1]!;
    const lower = name.toLowerCase();
    if (OF_UPGRADE.includes(lower)) continue;
    if (lower !== 'connection') lines.push(`${name}:${value}`);
    else lines.push(`${name}:${connectionOptions(value).join(',')}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function connectionOptions(value: string): string[] {
  return value.split(',').filter((option) => !OF_UPGRADE.includes(option.trim().toLowerCase()));
}
