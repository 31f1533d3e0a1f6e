import { Inject, Injectable } from '@nestjs/common';
import { createReadStream, existsSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { Database } from '../../platform/database/database.js';
import { writeJson } from '../../platform/json/json-text.js';
import { DAY_MS } from '../../platform/time/time.js';
import { recordOf } from '../entries/act.js';
import type { Recorder } from '../entries/entry.js';
import { AuditEntryWriter } from '../entries/entry-writer.js';
import { ExportVerifier } from '../verifier/export-verifier.js';
import { archiveLines, Tally } from './archive-lines.js';
import { type ArchivedEntry, ArchiveReader, toRow } from './archived-entry.js';
import { type Archive, ArchivesRepository } from './archives.repository.js';
import { ConfiguredStore } from './configured-store.js';

const ENTRIES_PER_COMMIT = 100;

/** Something is wrong with the file, or it is not the right one; the message says what to do. */
export class ArchiveRefused extends Error {}

export interface Restored {
  archive: Archive;
  /** Came back now. */
  restored: number;
  /** Were there already, as they are. */
  present: number;
  until: Date;
}

interface RestoreOptions {
  /** Only these of its entries. */
  only?: (entry: ArchivedEntry) => boolean;
  onProgress?: (done: number, of: number) => void;
}

/** Brings archived entries back into the table: found, exported, proven and erased like others, and removed again. */
@Injectable()
export class ArchiveRestorer {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly archives: ArchivesRepository,
    private readonly writer: AuditEntryWriter,
    private readonly configured: ConfiguredStore,
  ) {}

  /**
   * Recorded in the trail of the tenant.
   * @param file a path, or the name that an archive has in the store
   * @throws ArchiveRefused for a file that is not, byte by byte, one of the index
   */
  async restoreFile(
    file: string,
    by: Omit<Recorder, 'tenantId'>,
    onProgress?: RestoreOptions['onProgress'],
  ): Promise<Restored> {
    const known = existsSync(file) ? null : await this.archives.findByName(file);
    if (known === null && !existsSync(file)) {
      throw new ArchiveRefused(`There is no file ${file}, and no archive of this name. GET /logs/archives lists them.`);
    }
    const open =
      known === null
        ? () => Promise.resolve<Readable>(createReadStream(file))
        : async () => (await this.configured.get()).read(known.file);
    const archive = await this.check(file, open);
    const until = new Date(Date.now() + this.config.ARCHIVE_RESTORE_DAYS * DAY_MS);
    const restored = await this.insert(archive, await open(), until, onProgress === undefined ? {} : { onProgress });
    await this.record(restored, by);
    return restored;
  }

  /** Some entries from all archives of a tenant, until a moment. @returns how many of them were not there */
  async recall(tenantId: string, only: (entry: ArchivedEntry) => boolean, until: Date): Promise<number> {
    let recalled = 0;
    for (const archive of await this.archives.listAll(tenantId)) {
      const store = await this.configured.get();
      const { restored } = await this.insert(archive, await store.read(archive.file), until, { only });
      recalled += restored;
    }
    return recalled;
  }

  private async record({ archive, restored, until }: Restored, by: Omit<Recorder, 'tenantId'>): Promise<void> {
    const record = recordOf(
      { ...by, tenantId: archive.tenantId },
      {
        ...{ action: 'UPDATE', resource: 'audit_log', id: 'restore', message: 'Audit entries restored' },
        after: { archive: archive.file, restored, restored_until: until },
      },
    );
    await this.writer.append(this.database.system, [record]);
  }

  /** The index knows the hash of the file, and the file proves what it holds. */
  private async check(name: string, open: () => Promise<Readable>): Promise<Archive> {
    const [verifier, tally] = [new ExportVerifier(), new Tally()];
    try {
      for await (const line of archiveLines(await open(), tally)) verifier.addLine(line);
    } catch (error) {
      throw new ArchiveRefused(`${name} cannot be read as an archive: ${(error as Error).message}`);
    }
    const archive = await this.archives.findByHash(tally.digest());
    if (archive === null) {
      throw new ArchiveRefused(
        `${name} is not one of the archives that the database knows: it was changed, or it is a copy from before an erasure rewrote it. Use the file that GET /logs/archives names.`,
      );
    }
    const verdict = verifier.finish();
    if (!verdict.ok) throw new ArchiveRefused(`${name} does not verify: ${verdict.problems.join('; ')}`);
    return archive;
  }

  private async insert(archive: Archive, file: Readable, until: Date, options: RestoreOptions): Promise<Restored> {
    const { only = () => true, onProgress = () => undefined } = options;
    const reader = new ArchiveReader();
    let [rows, chosen, restored, read]: [string[], number, number, number] = [[], 0, 0, 0];
    const flush = async () => {
      if (rows.length > 0) {
        await this.archives.ensurePartition(archive.month);
        restored += await this.archives.restore(archive, rows, until);
      }
      chosen += rows.length;
      rows = [];
      onProgress(read, archive.entries);
    };
    for await (const line of archiveLines(file)) {
      const entry = reader.read(line);
      if (entry === null) continue;
      read += 1;
      if (only(entry)) rows.push(writeJson(toRow(entry))); // text: as objects they would take five times the memory
      if (rows.length === ENTRIES_PER_COMMIT) await flush();
    }
    await flush();
    return { archive, restored, present: chosen - restored, until };
  }
}
