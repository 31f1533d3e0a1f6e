import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ArchiveStore } from './archive-store.js';

const OWNER_ONLY = { folder: 0o700, file: 0o600 };

/** Archives as files below a folder, which API and workers share. */
export class FolderStore implements ArchiveStore {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = resolve(folder);
  }

  locate(name: string): string {
    return join(this.folder, name);
  }

  /** Under a temporary name first. Folders are synced too: otherwise a crash could take the new names back. */
  async write(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.locate(name);
    const partial = `${path}.partial`;
    const made = await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY.folder });
    try {
      const file = await open(partial, 'w', OWNER_ONLY.file);
      await pipeline(chunks, file.createWriteStream({ flush: true }));
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true });
      throw error;
    }
    const last = made === undefined ? dirname(path) : dirname(made);
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      await syncFolder(folder);
      if (folder === last) return;
    }
  }

  read(name: string): Promise<Readable> {
    return Promise.resolve(createReadStream(this.locate(name)));
  }

  async remove(name: string): Promise<void> {
    for (const path of [this.locate(name), `${this.locate(name)}.partial`]) await rm(path, { force: true });
  }
}

/** Windows cannot open a folder; its file systems keep a rename without this. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
