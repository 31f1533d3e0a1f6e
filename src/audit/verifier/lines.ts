import { isUtf8 } from 'node:buffer';

const NEWLINE = 0x0a;

/**
 * The lines in a file's bytes, one at a time; null for one that is not UTF-8. Split at \n alone: texts may hold U+2028
 * and the like, at which readline splits too.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string | null> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield toText(Buffer.concat([...rest, chunk.subarray(start, end)]));
      rest = [];
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
  }
  if (rest.length > 0) yield toText(Buffer.concat(rest));
}

const toText = (bytes: Buffer): string | null => (isUtf8(bytes) ? bytes.toString('utf8') : null);
