import type { Readable } from 'node:stream';

/** Where archives are kept: a folder, or a bucket. */
export interface ArchiveStore {
  /** Where a file is, for people. */
  locate(name: string): string;
  /** Keeps the file whole or not at all, and for good when it returns. */
  write(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  read(name: string): Promise<Readable>;
  /** Also where there is none of this name. */
  remove(name: string): Promise<void>;
}
