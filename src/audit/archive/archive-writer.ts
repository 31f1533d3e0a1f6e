import { Injectable } from '@nestjs/common';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { writeJson } from '../../platform/json/json-text.js';
import { Problem } from '../../platform/http/problem.js';
import { uuid7 } from '../../platform/database/uuid7.js';
import { whileRenewing } from '../../platform/scheduling/drain.js';
import { EvidenceService } from '../export/evidence.service.js';
import type { ProvableEntries } from '../search/entries.repository.js';
import type { EntryLine } from '../transparency-log/evidence.js';
import { LeafIndexes } from '../transparency-log/leaf-ranges.js';
import { ExportVerifier } from '../verifier/export-verifier.js';
import { archiveLines, Tally } from './archive-lines.js';
import { manifestOf } from './archive-manifest.js';
import { type Archive, type ArchivePlan, ArchivesRepository, type WrittenArchive } from './archives.repository.js';
import type { ArchiveStore } from './archive-store.js';
import { ConfiguredStore } from './configured-store.js';

const RENEW_MS = 30_000;
/** An erasure or a pruning of the same tenant may come in between; not that often. */
const TRIES = 10;
/** Of text, before it is compressed. */
const CHUNK = 65_536;

/** Each entry comes with a leaf and a proof, and memory must stay constant. */
export const ENTRIES_PER_PAGE = 100;

/** What to write: ids of entries in pages, and where the entries are. */
export interface ArchiveSource {
  tenantId: string;
  month: string;
  firstId: string;
  lastId: string;
  entries: number;
  ranges: [from: number, to: number][];
  pages: () => AsyncIterable<string[]> | Iterable<string[]>;
  from: ProvableEntries;
}

/** What passes by while a file is written. */
interface Written {
  leaves: LeafIndexes;
  occurredFrom: string;
  occurredTo: string;
  note: string;
  publicKey: string;
}

/** The tree grew an erasure while the file was written: all its proofs must lead to one checkpoint. */
class SecondCheckpoint extends Error {}

/** Writes an archive, reads it back and checks it; only then does the index call it stored. */
@Injectable()
export class ArchiveWriter {
  constructor(
    private readonly evidence: EvidenceService,
    private readonly archives: ArchivesRepository,
    private readonly configured: ConfiguredStore,
  ) {}

  /**
   * @param replaced what the new archive stands for from now on; its file stays until it is cleaned up
   * @throws Problem 409 while another process writes an archive of the tenant
   */
  async write(source: ArchiveSource, replaced: Archive | null = null): Promise<Archive> {
    const store = await this.configured.get();
    const plan = planOf(source);
    if (!(await this.archives.begin(plan))) throw busy();
    try {
      const written = await whileRenewing(
        () => this.archives.renew(plan),
        RENEW_MS,
        () => this.writeFiles(store, plan, source),
      );
      return await this.archives.store(plan, written, replaced);
    } catch (error) {
      await removeFiles(store, plan.file);
      await this.archives.forget(plan);
      throw error;
    }
  }

  private async writeFiles(store: ArchiveStore, plan: ArchivePlan, source: ArchiveSource): Promise<WrittenArchive> {
    const { tally, written } = await this.writeLines(store, plan, source);
    const sha256 = tally.digest();
    const { treeSize, rootHash } = await readBack(store, plan, { sha256, written });
    const { occurredFrom, occurredTo } = written;
    const archive = { occurredFrom, occurredTo, treeSize, rootHash, sha256, bytes: tally.bytes };
    const manifest = manifestOf(plan, archive, { checkpoint: written.note, publicKey: written.publicKey });
    await store.write(manifestName(plan.file), Readable.from([Buffer.from(manifest)]));
    return archive;
  }

  private async writeLines(store: ArchiveStore, plan: ArchivePlan, source: ArchiveSource) {
    for (let tries = 1; ; tries++) {
      const tally = new Tally();
      const written: Written = {
        leaves: new LeafIndexes(),
        occurredFrom: '9',
        occurredTo: '',
        note: '',
        publicKey: '',
      };
      try {
        const texts = Readable.from(this.texts(source, written), { objectMode: true, highWaterMark: 2 });
        await pipeline(texts, createGzip(), (chunks: AsyncIterable<Buffer>) =>
          store.write(plan.file, tally.over(chunks)),
        );
        return { tally, written };
      } catch (error) {
        if (!(error instanceof SecondCheckpoint) || tries === TRIES) throw error;
      }
    }
  }

  private async *texts(source: ArchiveSource, written: Written): AsyncGenerator<string> {
    const attach = await this.evidence.openFiltered(source.tenantId, { archive: source.month }, source.from);
    let text = '';
    for await (const ids of source.pages()) {
      for (const line of await attach(ids.map((id) => ({ id })))) {
        const { checkpoint, public_key: key } = line.evidence;
        if (checkpoint !== undefined && written.note !== '') throw new SecondCheckpoint();
        if (checkpoint !== undefined) [written.note, written.publicKey] = [checkpoint ?? '', key ?? ''];
        if (!('act' in line)) note(line, written);
        text += `${writeJson(line)}\n`;
        if (text.length < CHUNK) continue;
        yield text;
        text = '';
      }
    }
    yield text;
  }
}

function note(line: EntryLine, written: Written): void {
  if (line.evidence.leaf_index !== null) written.leaves.add(line.evidence.leaf_index);
  if (line.occurred_at < written.occurredFrom) written.occurredFrom = line.occurred_at;
  if (line.occurred_at > written.occurredTo) written.occurredTo = line.occurred_at;
}

/**
 * Every byte by its hash, every field by its leaf, every leaf by its proof, and that it is these leaves.
 * @throws where anything does not fit: then nothing may be removed
 */
async function readBack(
  store: ArchiveStore,
  { file, ranges, entries }: ArchivePlan,
  { sha256, written }: { sha256: Buffer; written: Written },
): Promise<{ treeSize: number; rootHash: Buffer }> {
  const verifier = new ExportVerifier({ publicKeys: [written.publicKey] });
  const tally = new Tally();
  for await (const line of archiveLines(await store.read(file), tally)) verifier.addLine(line);
  const verdict = verifier.finish();
  const wanted = JSON.stringify(ranges);
  const fits =
    tally.digest().equals(sha256) &&
    verdict.entries === entries &&
    JSON.stringify(written.leaves.ranges) === wanted &&
    JSON.stringify(verifier.entryLeaves.ranges) === wanted;
  if (!verdict.ok || !fits || verdict.tree_size === null) {
    throw new Error(
      `${store.locate(file)} does not read back as it was written: ${verdict.problems[0] ?? 'other bytes'}`,
    );
  }
  return { treeSize: verdict.tree_size, rootHash: Buffer.from(verdict.root_hash!, 'base64') };
}

function planOf({ tenantId, month, firstId, lastId, entries, ranges }: ArchiveSource): ArchivePlan {
  const id = uuid7();
  const [first, last] = [ranges[0]![0], ranges.at(-1)![1] - 1];
  const file = `${tenantId}/${month}/${first}-${last}-${id.slice(-8)}.ndjson.gz`;
  return { tenantId, id, month, file, firstId, lastId, entries, ranges };
}

export const manifestName = (file: string): string => file.replace(/\.ndjson\.gz$/, '.manifest.json');

export async function removeFiles(store: ArchiveStore, file: string): Promise<void> {
  for (const name of [manifestName(file), file]) await store.remove(name);
}

const busy = () =>
  new Problem(409, 'Audit entries of this tenant are being archived right now. Try again in a few minutes.');
