import { createConnection } from 'node:net';

const HEAD_END = '\r\n\r\n';

/**
 * One keep-alive connection with one request at a time, on a bare socket: an HTTP library would cost the machine about
 * as much per request as the servers under test do.
 */
export class HttpConnection {
  /** @type {Buffer | undefined} what came of an answer that is not complete */
  rest;

  /** @param {number} port @param {(head: string, body: Buffer) => void} onAnswer @param {(error: Error) => void} onError */
  constructor(port, onAnswer, onError) {
    this.onAnswer = onAnswer;
    this.socket = createConnection({ port, host: '127.0.0.1', noDelay: true });
    this.connected = new Promise((resolve) => this.socket.once('connect', resolve));
    this.socket.on('data', (chunk) => this.read(chunk));
    this.socket.on('error', onError);
    this.socket.on('end', () => onError(new Error('the server closed the connection')));
  }

  /** @param {Buffer} request head and body */
  send(request) {
    this.socket.write(request);
  }

  close() {
    this.socket.destroy();
  }

  /** @param {Buffer} chunk */
  read(chunk) {
    const data = this.rest === undefined ? chunk : Buffer.concat([this.rest, chunk]);
    const headEnd = data.indexOf(HEAD_END);
    const head = headEnd < 0 ? undefined : data.latin1Slice(0, headEnd);
    if (head === undefined || data.length < headEnd + HEAD_END.length + contentLength(head)) {
      this.rest = data;
      return;
    }
    this.rest = undefined;
    this.onAnswer(head, data.subarray(headEnd + HEAD_END.length));
  }
}

function contentLength(/** @type {string} */ head) {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without Content-Length: ${head.slice(0, 200)}`);
  return Number(length);
}

/** @param {{path: string, port: number, key: string | undefined}} target @param {string} body */
export function encodeRequest({ path, port, key }, body) {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Content-Type: application/json',
    ...(key === undefined ? [] : [`X-API-Key: ${key}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}${HEAD_END}${body}`);
}
