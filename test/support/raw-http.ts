import { once } from 'node:events';
import { type Agent, request } from 'node:http';
import { connect } from 'node:net';
import { faultOfAnswer } from './described-answers.js';

export interface RawAnswer {
  status: number;
  contentType: string;
  body: string;
}

export interface RawRequest {
  method: string;
  /** Whole address on the server, query included. */
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
  /** Sent in pieces, without Content-Length. */
  chunked?: boolean;
}

/** Sends bytes as they are, which fetch would not. */
export function send(port: number, agent: Agent, wanted: RawRequest, timeoutMs: number): Promise<RawAnswer> {
  const { method, path, headers = {}, body, chunked = false } = wanted;
  return new Promise((resolve, reject) => {
    const length: Record<string, number> = body === undefined || chunked ? {} : { 'Content-Length': body.length };
    const sent = request(
      { host: '127.0.0.1', port, agent, method, path, headers: { ...length, ...headers }, timeout: timeoutMs },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = {
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            body: Buffer.concat(chunks).toString(),
          };
          const fault = faultOfAnswer({ method, path, ...answer });
          if (fault === null) resolve(answer);
          else reject(new Error(`not as openapi.yaml says: ${fault}`));
        });
        // An answer to a body that is not wanted may come before the body is out.
        response.on('end', () => sent.destroy());
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.on('error', reject);
    if (chunked) {
      const step = (body?.length ?? 0) < 1_000 ? 7 : 16_384;
      for (let at = 0; at < (body?.length ?? 0); at += step) sent.write(body!.subarray(at, at + step));
    }
    sent.end(chunked ? undefined : body);
  });
}

/** Writes `text` on a connection of its own, ends it and @returns all that comes back */
export async function sendText(port: number, text: string, timeoutMs: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs} ms`)));
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.end(text);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

/** Writes the start of a request on a connection of its own and keeps it open. @returns the answer that comes all the same */
export async function sendStart(port: number, text: string, timeoutMs: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  const chunks: Buffer[] = [];
  try {
    return await new Promise((resolve, reject) => {
      socket.setTimeout(timeoutMs, () => reject(new Error(`no answer within ${timeoutMs} ms`)));
      socket.on('error', reject);
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        const answer = Buffer.concat(chunks).toString();
        const [head = '', body] = answer.split('\r\n\r\n');
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
        if (body !== undefined && Buffer.byteLength(body) >= length) resolve(answer);
      });
      socket.write(text);
    });
  } finally {
    socket.destroy();
  }
}
