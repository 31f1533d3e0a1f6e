import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Database, type Sql } from '../../platform/database/database.js';
import { toIso } from '../../platform/http/query.dto.js';
import { AuditEntriesRepository } from '../search/entries.repository.js';
import { AuditTreeRepository, type SignedCheckpoint } from '../transparency-log/audit-tree.repository.js';
import type { ActLine, EntryLine, ExportStatement } from '../transparency-log/evidence.js';
import { type EvidenceLine, type LeafRow, stateOf, toLine, toLines } from './evidence-lines.js';
import { FilteredEvidence } from './filtered-evidence.js';

const LEAVES_PER_READ = 1_024;
/** Inner hashes go out with the first line of each chunk; the verifier folds chunks of this size. */
const CHUNK = 4_096;
const IDS_PER_READ = 10_000;
const WAIT_MS = 3_000;

/** What makes an ndjson export provable without the database. Each page is read in a transaction of its own. */
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
      // an erasure or a pruning meanwhile changed what later pages showed: its leaf has to come along
      if (!(await this.hasActSince(tenantId, size))) break;
      checkpoint = await this.untilSealed(tenantId, Date.now());
      statement = stateOf(checkpoint, { complete: true });
    }
    for await (const line of this.withoutLeaf(tenantId, startedAt)) {
      yield { ...line, evidence: { ...statement, ...line.evidence } };
      statement = {};
    }
  }

  /** For an export made with filters: call the result with each page of entries, in any order. */
  async openFiltered(
    tenantId: string,
    filters: Record<string, unknown>,
  ): Promise<(page: readonly { id: string }[]) => Promise<(EntryLine | ActLine)[]>> {
    const newest = () => this.untilSealed(tenantId, Date.now());
    const { database, trees, entries } = this;
    const checkpoint = await newest();
    const evidence = new FilteredEvidence({ database, trees, entries, newest }, { tenantId, filters, checkpoint });
    return (page) => evidence.attach(page.map((entry) => entry.id));
  }

  private readPage(tenantId: string, from: number, to: number, size: number): Promise<EvidenceLine[]> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<LeafRow>(
        `/* evidence.readLeaves */ select leaf_index::float8, kind, entry_id, leaf_hash, leaf from audit_leaves
         where tenant_id = $1 and leaf_index >= $2 and leaf_index < $3 order by leaf_index`,
        [tenantId, from, to],
      );
      const ids = rows.flatMap((row) => row.entry_id ?? []);
      const entries = new Map((await this.entries.listByIds(sql, tenantId, ids)).map((entry) => [entry.id, entry]));
      const lines = toLines(rows, entries);
      if (from % CHUNK === 0 && lines[0] !== undefined) {
        const nodes = await readChunkNodes(sql, tenantId, from, size);
        if (nodes.length > 0) lines[0].evidence.nodes = nodes;
      }
      return lines;
    });
  }

  /** Entries that no leaf stands for: they wait still, or somebody put them there behind the service's back. */
  private async *withoutLeaf(tenantId: string, startedAt: number): AsyncGenerator<EntryLine> {
    let after = '00000000-0000-0000-0000-000000000000';
    for (let more = true; more;) {
      const page = await this.database.readInTenant(tenantId, async (sql) => {
        const { rows } = await sql.query<{ id: string; sealed: boolean }>(
          `/* evidence.listWithoutLeaf */
           select e.id, exists (select from audit_leaves l where l.tenant_id = $1 and l.entry_id = e.id) as sealed
           from (select id from audit_entries where tenant_id = $1 and id > $2 and id < uuid7_lower_bound($3)
                 order by id limit $4) e order by e.id`,
          [tenantId, after, toIso(startedAt), IDS_PER_READ],
        );
        after = rows.at(-1)?.id ?? after;
        more = rows.length === IDS_PER_READ;
        const ids = rows.filter((row) => !row.sealed).map((row) => row.id);
        return ids.length === 0 ? [] : this.entries.listByIds(sql, tenantId, ids);
      });
      yield* page.map((entry) => toLine(entry, null, {}));
    }
  }

  /** Waits a little for the sealer to reach what was committed before `instant`. @returns the newest checkpoint */
  private async untilSealed(tenantId: string, instant: number): Promise<SignedCheckpoint | null> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const { waiting, checkpoint } = await this.database.readInTenant(tenantId, async (sql) => {
        const { rows } = await sql.query<{ waiting: boolean }>(
          `/* evidence.isWaiting */
           select exists (select from audit_unsealed where tenant_id = $1 and entry_id < uuid7_lower_bound($2))
               or exists (select from audit_trees where tenant_id = $1 and tree_size > signed_size) as waiting`,
          [tenantId, toIso(instant)],
        );
        return { waiting: rows[0]?.waiting === true, checkpoint: await this.trees.findCheckpoint(sql, tenantId) };
      });
      if (!waiting || Date.now() > deadline) return checkpoint;
      await delay(100);
    }
  }

  private hasActSince(tenantId: string, size: number): Promise<boolean> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query(
        `/* evidence.hasActSince */ select from audit_leaves
         where tenant_id = $1 and leaf_index >= $2 and kind <> 'entry' limit 1`,
        [tenantId, size],
      );
      return rows.length > 0;
    });
  }
}

/** Stored nodes of one chunk, and with the first chunk those above all chunks; only such as the checkpoint has. */
async function readChunkNodes(sql: Sql, tenantId: string, from: number, size: number) {
  const { rows } = await sql.query<{ level: number; index: number; hash: Buffer }>(
    `/* evidence.readNodes */
     select n.level, n.node_index::float8 as index, n.hash
     from unnest(array[4, 8, 12]) as l (level), lateral (
       select level, node_index, hash from audit_nodes
       where tenant_id = $1 and level = l.level::smallint
         and node_index >= $2::bigint >> l.level and node_index < ($2::bigint + ${CHUNK}) >> l.level) n
     where (n.node_index + 1) << n.level <= $3
     union all
     select level, node_index::float8, hash from audit_nodes
     where tenant_id = $1 and level > 12 and $2 = 0 and (node_index + 1) << level <= $3`,
    [tenantId, from, size],
  );
  return rows.map(({ level, index, hash }): [number, number, string] => [level, index, hash.toString('base64')]);
}
