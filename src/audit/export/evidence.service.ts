import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Database } from '../../platform/database/database.js';
import { toIso } from '../../platform/time/time.js';
import { AuditEntriesRepository, type ProvableEntries } from '../search/entries.repository.js';
import { AuditTreeRepository, type SignedCheckpoint } from '../transparency-log/audit-tree.repository.js';
import type { ActLine, EntryLine, ExportStatement } from '../transparency-log/evidence.js';
import { type EvidenceLine, stateOf, toLine, toLines } from './evidence-lines.js';
import {
  hasActFrom,
  isAnyWaiting,
  listSealed,
  readChunkNodes,
  readLeaves,
} from '../transparency-log/evidence.repository.js';
import { FilteredEvidence } from './filtered-evidence.js';

const LEAVES_PER_READ = 1_024;
/** Inner hashes are sent with the first line of each chunk; the verifier folds chunks of this size. */
const CHUNK = 4_096;
const IDS_PER_READ = 10_000;
const WAIT_MS = 3_000;

/**
 * The evidence that makes an ndjson export provable without the database. Each page is read in a transaction of its
 * own.
 */
@Injectable()
export class EvidenceService {
  constructor(
    private readonly database: Database,
    private readonly trees: AuditTreeRepository,
    private readonly entries: AuditEntriesRepository,
  ) {}

  /** The whole trail in the order of its leaves: entries, erasures, prunings, hashes of what was pruned. */
  async *completeLines(tenantId: string): AsyncGenerator<EvidenceLine> {
    const startedAt = Date.now();
    let checkpoint = await this.untilSealed(tenantId, startedAt);
    let statement: Partial<ExportStatement> = stateOf(checkpoint, { complete: true });
    for (let next = 0; checkpoint !== null && next < checkpoint.size;) {
      const { size } = checkpoint;
      while (next < size) {
        const lines = await this.readPage(tenantId, next, Math.min(next + LEAVES_PER_READ, size), size);
        const [first, ...rest] = lines;
        if (first === undefined) break;
        yield { ...first, evidence: { ...statement, ...first.evidence } } as EvidenceLine;
        statement = {};
        yield* rest;
        next += LEAVES_PER_READ;
      }
      next = size;
      // an erasure or a pruning meanwhile changed what later pages show: its leaf must be in the export
      if (!(await this.hasActSince(tenantId, size))) break;
      checkpoint = await this.untilSealed(tenantId, Date.now());
      statement = stateOf(checkpoint, { complete: true });
    }
    for await (const line of this.withoutLeaf(tenantId, startedAt)) {
      yield { ...line, evidence: { ...statement, ...line.evidence } };
      statement = {};
    }
  }

  /**
   * For an export made with filters: call the result with each page of entries, in any order.
   * @param source where entries are read from, when they are known to be below the newest checkpoint: nothing waits for
   *   the sealer then
   */
  async openFiltered(
    tenantId: string,
    filters: Record<string, unknown>,
    source?: ProvableEntries,
  ): Promise<(page: readonly { id: string }[]) => Promise<(EntryLine | ActLine)[]>> {
    const newest = () => this.untilSealed(tenantId, Date.now());
    const { database, trees } = this;
    const entries = source ?? this.entries;
    const checkpoint = source === undefined ? await newest() : await this.findCheckpoint(tenantId);
    const evidence = new FilteredEvidence({ database, trees, entries, newest }, { tenantId, filters, checkpoint });
    return (page) => evidence.attach(page.map((entry) => entry.id));
  }

  private readPage(tenantId: string, from: number, to: number, size: number): Promise<EvidenceLine[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const rows = await readLeaves(sql, tenantId, from, to);
      const ids = rows.flatMap((row) => row.entry_id ?? []);
      const entries = new Map((await this.entries.listByIds(sql, tenantId, ids)).map((entry) => [entry.id, entry]));
      const lines = toLines(rows, entries);
      if (from % CHUNK === 0 && lines[0] !== undefined) {
        const nodes = await readChunkNodes(sql, tenantId, { from, leaves: CHUNK }, size);
        if (nodes.length > 0) lines[0].evidence.nodes = nodes;
      }
      return lines;
    });
  }

  /** Entries without a leaf: they are not sealed yet, or were inserted around the service. */
  private async *withoutLeaf(tenantId: string, startedAt: number): AsyncGenerator<EntryLine> {
    let after = '00000000-0000-0000-0000-000000000000';
    for (let more = true; more;) {
      const page = await this.database.readInTenant(tenantId, async (sql) => {
        const rows = await listSealed(sql, tenantId, { after, until: toIso(startedAt), limit: IDS_PER_READ });
        after = rows.at(-1)?.id ?? after;
        more = rows.length === IDS_PER_READ;
        const ids = rows.filter((row) => !row.sealed).map((row) => row.id);
        return ids.length === 0 ? [] : this.entries.listByIds(sql, tenantId, ids);
      });
      yield* page.map((entry) => toLine(entry, null, {}));
    }
  }

  /** Waits a little until the sealer has sealed what was committed before `instant`. @returns the newest checkpoint */
  private async untilSealed(tenantId: string, instant: number): Promise<SignedCheckpoint | null> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const { waiting, checkpoint } = await this.database.readInTenant(tenantId, async (sql) => {
        const isWaiting = await isAnyWaiting(sql, tenantId, toIso(instant));
        return { waiting: isWaiting, checkpoint: await this.trees.findCheckpoint(sql, tenantId) };
      });
      if (!waiting || Date.now() > deadline) return checkpoint;
      await delay(100);
    }
  }

  private findCheckpoint(tenantId: string): Promise<SignedCheckpoint | null> {
    return this.database.readInTenant(tenantId, (sql) => this.trees.findCheckpoint(sql, tenantId));
  }

  private hasActSince(tenantId: string, size: number): Promise<boolean> {
    return this.database.readInTenant(tenantId, (sql) => hasActFrom(sql, tenantId, size));
  }
}
