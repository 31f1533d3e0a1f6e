import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate as inflateZlib } from 'node:zlib';
import { badRequest, tooLarge } from '../problem.js';

/** Fewer turns of the event loop for a long body than with the 16 KiB that are usual. */
const CHUNK_BYTES = 65_536;
/** Events, even without ids of their own, compress 10 to 50 times; only content that repeats itself goes beyond. */
const MAX_RATIO = 100;

type Inflate = (bytes: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Promise<Buffer>;

const gzip: Inflate = promisify(gunzip);
const DECODERS: ReadonlyMap<string, Inflate> = new Map<string, Inflate>([
  ['gzip', gzip],
  ['x-gzip', gzip],
  ['deflate', promisify(inflateZlib)],
  ['br', promisify(brotliDecompress)],
]);

/** For the header Accept-Encoding (RFC 9110 §12.5.3). */
export const ENCODINGS = 'gzip, deflate, br, identity';

export interface BodyLimits {
  /** Longest body taken, counted inflated. */
  maxBytes: number;
  /** A body may inflate to this size, however short it is. */
  freeBytes: number;
}

export const isEncoding = (name: string) => DECODERS.has(name);

/**
 * The body as it was before its Content-Encoding. Runs on a thread of libuv and stops at the limits, so that a
 * decompression bomb costs little memory and does not block the event loop.
 * @throws Problem 400 for bytes that are not what the encoding says, 413 beyond the limits
 */
export async function inflate(bytes: Buffer, encoding: string, { maxBytes, freeBytes }: BodyLimits): Promise<Buffer> {
  const byRatio = Math.max(freeBytes, MAX_RATIO * bytes.length);
  try {
    const options = { maxOutputLength: Math.min(maxBytes, byRatio), chunkSize: CHUNK_BYTES };
    return await DECODERS.get(encoding)!(bytes, options); // the caller has asked isEncoding
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') {
      throw badRequest(`The body is not valid ${encoding}, though Content-Encoding says so.`);
    }
    if (byRatio >= maxBytes) throw bodyTooLarge(maxBytes);
    throw tooLarge(`The body inflates to more than ${MAX_RATIO} times its length. Send it without Content-Encoding.`);
  }
}

export const bodyTooLarge = (maxBytes: number) =>
  tooLarge(`The body is larger than ${maxBytes} bytes. Split it into several requests.`);
