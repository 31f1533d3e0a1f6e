import type { IncomingMessage } from 'node:http';
import { type BodyLimits, bodyTooLarge, ENCODINGS, inflate, isEncoding } from './inflate.js';
import { parseJson } from './json.js';
import { Problem, unsupportedMediaType } from '../problem.js';

/** With a key, a body of up to a megabyte may compress as well as it likes. */
const FREE_BYTES = 1_048_576;

/**
 * Reads and parses a JSON body.
 * @param maxBytes longest body taken, counted inflated
 * @throws Problem 400 for what is not JSON in UTF-8, 413 beyond `maxBytes`, 415 for another media type or encoding
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  requireMediaType(request, /^application\/json *(;|$)/i, 'application/json');
  return parseJson(await readBytes(request, maxBytes));
}

/**
 * @param name of the media types that are accepted, for the sentence and for the header Accept (RFC 9110 §15.5.16)
 * @throws Problem 415 when the request names a media type that does not match `pattern`, or a charset other than UTF-8
 */
export function requireMediaType(request: IncomingMessage, pattern: RegExp, name: string): void {
  const type = request.headers['content-type'];
  if (type !== undefined && !pattern.test(type)) {
    throw unsupportedMediaType(`Send Content-Type: ${name}, not ${type.slice(0, 100)}.`, { Accept: name });
  }
  requireCharset(request, name);
}

/** @throws Problem 415 when the request names a charset other than UTF-8 or ASCII, which is a part of it */
export function requireCharset(request: IncomingMessage, name: string): void {
  const charset = /charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw unsupportedMediaType(`Send JSON in UTF-8, not ${charset.slice(0, 40)}.`, { Accept: name });
  }
}

const SHORT_BODY = 65_536;

/**
 * For a request that is refused without reading its body: a short body is read and thrown away, and the connection
 * stays open.
 * @returns false for a longer body, which is not waited for: the connection must be closed
 */
export function passBodyBy(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (request.complete || (length === undefined && encoding === undefined)) return true;
  if (!(Number(length) <= SHORT_BODY)) return false;
  request.resume();
  return true;
}

/**
 * The body as it was before Content-Encoding.
 * @throws Problem 413 when it is longer than `maxBytes` or inflates to far more than it is, 415 for an unknown encoding
 */
export async function readBytes(
  request: IncomingMessage,
  maxBytes: number,
  freeBytes: number = FREE_BYTES,
): Promise<Buffer> {
  const limits: BodyLimits = { maxBytes, freeBytes };
  const encoding = (request.headers['content-encoding'] ?? '').trim().toLowerCase();
  const isPlain = encoding === '' || encoding === 'identity';
  if (!isPlain && !isEncoding(encoding)) {
    throw unsupportedMediaType(
      `Content-Encoding ${encoding.slice(0, 40)} is not supported; send gzip, deflate or br, or the body as it is.`,
      { 'Accept-Encoding': ENCODINGS },
    );
  }
  const bytes = await readRaw(request, maxBytes);
  return isPlain || bytes.length === 0 ? bytes : inflate(bytes, encoding, limits);
}

/**
 * A body of up to this many times the limit is read to its end and thrown away before it is refused. If the connection
 * were closed while the client still writes, it would be reset, and the client would not get the answer.
 */
const READ_OUT = 4;

function readRaw(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const maxRead = maxBytes * READ_OUT;
  if (Number(request.headers['content-length'] ?? 0) > maxRead) return Promise.reject(bodyTooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      if (size <= maxRead) return;
      request.removeAllListeners('data');
      request.pause();
      reject(bodyTooLarge(maxBytes));
    });
    request.on('end', () => {
      if (size > maxBytes) reject(bodyTooLarge(maxBytes));
      else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    request.on('error', reject);
    request.on('aborted', () => reject(new Problem(400, 'The request was cut off before its body was complete.')));
  });
}
