import { open } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { archiveLines } from '../audit/archive/archive-lines.js';
import { linesOf } from '../audit/verifier/lines.js';

const GZIP = Buffer.of(0x1f, 0x8b);

/** The lines of a file, one at a time; null for one that is not UTF-8. A compressed file is read as what is in it. */
export async function* fileLines(file: string): AsyncGenerator<string | null> {
  if (await isCompressed(file)) yield* archiveLines(createReadStream(file));
  else yield* linesOf(createReadStream(file) as AsyncIterable<Buffer>);
}

async function isCompressed(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(GZIP.length), 0, GZIP.length, 0);
    return bytesRead === GZIP.length && buffer.equals(GZIP);
  } finally {
    await handle.close();
  }
}
