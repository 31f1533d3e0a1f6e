import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Problem } from './problem.js';
import { problemAnswer, problemAnswerTo } from './problem.filter.js';
import { uuid7 } from '../database/uuid7.js';

const REASONS: Record<string, [status: number, line: string, detail: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large', 'The headers are larger than 16 KiB. Send fewer.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'Payload Too Large', 'The chunk extensions are larger than 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout', 'The request took too long to arrive. Send it again.'],
};
const NOT_HTTP: [number, string, string] = [400, 'Bad Request', 'This is not valid HTTP, or it was cut off.'];

/**
 * Bytes that node:http cannot read never become a request. They are answered here, with a problem like everything else.
 */
export function answerUnreadable(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: AnsweringSocket) => {
    // An answer that has begun cannot be replaced, and a closed connection cannot be answered.
    if (!socket.writable || error.code === 'ECONNRESET' || socket._httpMessage?.headersSent === true) {
      socket.destroy(error);
      return;
    }
    const [status, line, detail] = REASONS[error.code ?? ''] ?? NOT_HTTP;
    const { headers, body } = problemAnswer(new Problem(status, detail), '/', uuid7());
    const head = {
      ...headers,
      'Cache-Control': 'no-store',
      'Content-Length': Buffer.byteLength(body),
      Connection: 'close',
    };
    const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} ${line}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const refusal = new Problem(417, 'The only expectation that can be met is 100-continue.');
    const { status, headers, body } = problemAnswerTo(request, refusal);
    response.writeHead(status, { ...headers, 'Cache-Control': 'no-store', Connection: 'close' }).end(body);
  });
}

/** node:http keeps the response that is being written in a property of the socket. */
type AnsweringSocket = Duplex & { _httpMessage?: ServerResponse | null };
