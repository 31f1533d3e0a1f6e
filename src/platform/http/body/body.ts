import type { IncomingMessage } from 'node:http';
import { type BodyLimits, bodyTooLarge, ENCODINGS, inflate, isEncoding } from './inflate.js';
import { parseJson } from './json.js';
import { Problem, unsupportedMediaType } from '../problem.js';

/** Whoever has a key may send a megabyte of what repeats itself without a thought about ratios. */
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
 * @param name of the media types that are taken, for people and for the header Accept (RFC 9110 §15.5.16)
 * @throws Problem 415 when a media type is given and another than `pattern`, or a charset other than UTF-8
 */
export function requireMediaType(request: IncomingMessage, pattern: RegExp, name: string): void {
  const type = request.headers['content-type'];
  if (type !== undefined && !pattern.test(type)) {
    throw unsupportedMediaType(`Send Content-Type: ${name}, not ${type.slice(0, 100)}.`, { Accept: name });
  }
  requireCharset(request, name);
}

/** @throws Problem 415 when a charset is given and another than UTF-8, of which ASCII is a part */
export function requireCharset(request: IncomingMessage, name: string): void {
  const charset = /charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw unsupportedMediaType(`Send JSON in UTF-8, not ${charset.slice(0, 40)}.`, { Accept: name });
  }
}

const SHORT_BODY = 65_536;

/**
 * After a refusal without reading the body: a short one is read and thrown away, and the connection goes on.
 * @returns false for a longer one, for whose end nobody should wait: the connection is to be closed
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
      `Content-Encoding ${encoding.slice(0, 40)} is not understood; send gzip, deflate or br, or the body as it is.`,
      { 'Accept-Encoding': ENCODINGS },
    );
  }
  const bytes = await readRaw(request, maxBytes);
  return isPlain || bytes.length === 0 ? bytes : inflate(bytes, encoding, limits);
}

/**
 * A body up to so many times the limit is read to its end and thrown away before it is refused: a connection closed
 * under a client that still writes is reset, and the answer is lost with it.
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
