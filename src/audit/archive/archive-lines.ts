import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { linesOf } from '../verifier/lines.js';

/** What is known of a file once all of its bytes have passed. */
export class Tally {
  bytes = 0;
  private readonly hash = createHash('sha256');

  /** The same bytes. */
  async *over(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.bytes += chunk.length;
      this.hash.update(chunk);
      yield chunk;
    }
  }

  /** Once. */
  digest(): Buffer {
    return this.hash.digest();
  }
}

/**
 * The lines of an archive; null for one that is not UTF-8.
 * @throws where the bytes are not those of a compressed file
 */
export async function* archiveLines(file: Readable, tally = new Tally()): AsyncGenerator<string | null> {
  const gunzip = createGunzip();
  const feeding = pipeline(file, (chunks: AsyncIterable<Buffer>) => tally.over(chunks), gunzip);
  feeding.catch(() => undefined); // thrown where its lines are read
  try {
    yield* linesOf(gunzip);
    await feeding;
  } finally {
    file.destroy();
    gunzip.destroy();
  }
}
