import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { badRequest, Problem, tooLarge, unsupportedMediaType } from './problem.js';

const inflate = promisify(gunzip);

/**
 * Reads and parses a JSON body.
 * @param maxBytes longest body taken, counted inflated
 * @throws Problem 400 for what is not JSON in UTF-8, 413 beyond `maxBytes`, 415 for another media type or encoding
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  requireMediaType(request, /^application\/json *(;|$)/i, 'application/json');
  return parseJson(await readBytes(request, maxBytes));
}

/** @throws Problem 415 when a media type is given and another than `pattern`, or a charset other than UTF-8 */
export function requireMediaType(request: IncomingMessage, pattern: RegExp, name: string): void {
  const type = request.headers['content-type'];
  if (type !== undefined && !pattern.test(type)) {
    throw unsupportedMediaType(`Send Content-Type: ${name}, not ${type.slice(0, 100)}.`);
  }
  const charset = /charset="?([^";\s]+)/i.exec(type ?? '')?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) {
    throw unsupportedMediaType(`Send JSON in UTF-8, not ${charset.slice(0, 40)}.`);
  }
}

/** @throws Problem 400 for what is not JSON in UTF-8 */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw badRequest('The body is empty; send a JSON object.');
  checkUtf8(bytes);
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw badRequest(`The body is not valid JSON: ${(error as Error).message.slice(0, 200)}.`);
  }
}

/**
 * For Express' parser, which would store U+FFFD in place of what it cannot read, and hold up everybody for as long as
 * 100,000 levels take.
 */
export function requireReadable(_request: unknown, _response: unknown, bytes: Buffer, charset: string): void {
  if (!/^utf-?8$/i.test(charset)) throw unsupportedMediaType(`Send JSON in UTF-8, not ${charset.slice(0, 40)}.`);
  checkUtf8(bytes);
  if (depthOf(bytes) > MAX_LEVELS) throw badRequest(`The body is nested deeper than ${MAX_LEVELS} levels.`);
}

/** Far beyond what any route takes; those name what is too deep in it. */
const MAX_LEVELS = 1_000;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
/** [ and { differ in one bit, as ] and } do. */
const [OPENING, CLOSING, BRACKET_OR_BRACE] = [0x5b, 0x5d, ~0x20];

/** How deep JSON is nested, at most one level beyond {@link MAX_LEVELS}; about a millisecond per megabyte. */
function depthOf(bytes: Buffer): number {
  let [depth, deepest] = [0, 0];
  for (let n = 0; n < bytes.length && deepest <= MAX_LEVELS; n++) {
    const byte = bytes[n]!; // n is in the buffer
    if (byte === QUOTE) {
      for (n++; n < bytes.length && bytes[n] !== QUOTE; n++) if (bytes[n] === BACKSLASH) n++;
    } else if ((byte & BRACKET_OR_BRACE) === OPENING) {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if ((byte & BRACKET_OR_BRACE) === CLOSING) depth -= 1;
  }
  return deepest;
}

const SHORT_BODY = 65_536;

/**
 * After a refusal without reading the body: a short one is read and thrown away, and the connection goes on.
 * @returns false for a longer one, for whose end nobody should wait: the connection is to be closed
 */
export function passBodyBy(request: IncomingMessage): boolean {
  if (request.complete) return true;
  if (!(Number(request.headers['content-length']) <= SHORT_BODY)) return false;
  request.resume();
  return true;
}

function checkUtf8(bytes: Buffer): void {
  if (!isUtf8(bytes)) throw badRequest('The body is not valid UTF-8.');
}

/**
 * The body as it was before Content-Encoding.
 * @throws Problem 413 when it is longer than `maxBytes`, 415 for an encoding other than gzip
 */
export async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const zipped = encoding === 'gzip' || encoding === 'x-gzip';
  if (!zipped && encoding !== 'identity' && encoding !== '') {
    throw unsupportedMediaType(
      `Content-Encoding ${encoding.slice(0, 40)} is not understood; send gzip, or the body as it is.`,
    );
  }
  const bytes = await readRaw(request, maxBytes);
  return zipped ? unzip(bytes, maxBytes) : bytes;
}

/** Inflates on a thread of its own and stops at the limit, so a bomb costs `maxBytes` of memory and no turn of the event loop. */
async function unzip(bytes: Buffer, maxBytes: number): Promise<Buffer> {
  if (bytes.length === 0) return bytes;
  try {
    return await inflate(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw bodyTooLarge(maxBytes);
    throw badRequest('The body is not valid gzip, though Content-Encoding says so.');
  }
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

const bodyTooLarge = (maxBytes: number) =>
  tooLarge(`The body is larger than ${maxBytes} bytes. Split it into several requests.`);
