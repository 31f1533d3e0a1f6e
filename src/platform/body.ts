import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { badRequest, Problem, tooLarge, unsupportedMediaType } from './problem.js';

/**
 * Reads and parses a JSON body.
 * @param maxBytes longest body taken
 * @throws Problem 400 for what is not JSON in UTF-8, 413 beyond `maxBytes`, 415 for another media type or encoding
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  requireJson(request);
  const bytes = await readBody(request, maxBytes);
  if (bytes.length === 0) throw badRequest('The body is empty; send a JSON object.');
  if (!isUtf8(bytes)) throw badRequest('The body is not valid UTF-8.');
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw badRequest(`The body is not valid JSON: ${(error as Error).message.slice(0, 200)}.`);
  }
}

function requireJson(request: IncomingMessage): void {
  const type = request.headers['content-type'];
  if (type !== undefined && !/^application\/json *(;|$)/i.test(type)) {
    throw unsupportedMediaType(`Send Content-Type: application/json, not ${type.slice(0, 100)}.`);
  }
  const charset = /charset="?([^";\s]+)/i.exec(type ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw unsupportedMediaType(`Send JSON in UTF-8, not ${charset.slice(0, 40)}.`);
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw unsupportedMediaType(`Content-Encoding ${encoding.slice(0, 40)} is not understood; send the body as it is.`);
  }
}

function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(bodyTooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        request.removeAllListeners('data');
        request.pause();
        reject(bodyTooLarge(maxBytes));
        return;
      }
      chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('aborted', () => reject(new Problem(400, 'The request was cut off before its body was complete.')));
  });
}

const bodyTooLarge = (maxBytes: number) =>
  tooLarge(`The body is larger than ${maxBytes} bytes. Split it into several requests.`);
