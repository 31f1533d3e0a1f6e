import type { Database, Sql } from '../../platform/database/database.js';
import type { ProvableEntries, ProvableEntry } from '../search/entries.repository.js';
import { type AuditTreeRepository, nodeKey, type SignedCheckpoint } from '../transparency-log/audit-tree.repository.js';
import type { ActLine, EntryLine, ExportStatement } from '../transparency-log/evidence.js';
import { stateOf, toActLine, toLine } from './evidence-lines.js';
import { findActs, findPlaces } from '../transparency-log/evidence.repository.js';
import { planConsistency, planInclusion, type ProofPlan } from '../transparency-log/merkle-proof.js';

interface Sources {
  database: Database;
  trees: AuditTreeRepository;
  entries: ProvableEntries;
  /** The newest checkpoint, after waiting a little for the sealer. */
  newest: () => Promise<SignedCheckpoint | null>;
}

interface Opening {
  tenantId: string;
  filters: Record<string, unknown>;
  checkpoint: SignedCheckpoint | null;
}

type Line = EntryLine | ActLine;

/** Entries of an export with filters, each line with its own proof, and before them the erasures that they mention. */
export class FilteredEvidence {
  private readonly tenantId: string;
  private readonly filters: Record<string, unknown>;
  private checkpoint: SignedCheckpoint | null;
  /** For the next line; null once it is written. */
  private statement: ExportStatement | null;
  /** Leaf indexes of the acts that are in the export already. */
  private readonly sent = new Set<number>();

  constructor(
    private readonly sources: Sources,
    { tenantId, filters, checkpoint }: Opening,
  ) {
    this.tenantId = tenantId;
    this.filters = filters;
    this.checkpoint = checkpoint;
    this.statement = stateOf(checkpoint, { complete: false, filters });
  }

  async attach(ids: readonly string[]): Promise<Line[]> {
    const { database, entries } = this.sources;
    const read = async (sql: Sql) => {
      const found = new Map((await entries.listByIds(sql, this.tenantId, ids)).map((entry) => [entry.id, entry]));
      return ids.flatMap((id) => found.get(id) ?? []);
    };
    const page = await database.readInTenant(this.tenantId, read);
    const acts = [...new Set(page.flatMap((entry) => entry.erasures))].filter((index) => !this.sent.has(index));
    if (acts.some((index) => index >= (this.checkpoint?.size ?? 0))) await this.goOn();
    const lines = await database.readInTenant(this.tenantId, (sql) => this.prove(sql, page, acts));
    const size = this.checkpoint?.size ?? 0;
    for (const index of acts) if (index < size) this.sent.add(index);
    const [first, ...rest] = lines;
    if (first === undefined || this.statement === null) return lines;
    const opened = { ...first, evidence: { ...this.statement, ...first.evidence } };
    this.statement = null;
    return [opened, ...rest];
  }

  /**
   * An erasure came after the checkpoint: its leaf must be in the export, so what follows is proven for a newer tree.
   */
  private async goOn(): Promise<void> {
    const newer = await this.sources.newest();
    if (newer === null || newer.size <= (this.checkpoint?.size ?? 0)) return;
    const older = this.checkpoint;
    const opening = this.statement !== null || older === null;
    const consistency = opening ? [] : await this.consistency(older.size, newer.size);
    this.statement = {
      ...stateOf(newer, { complete: false, filters: this.filters }),
      ...(opening ? {} : { consistency }),
    };
    this.checkpoint = newer;
  }

  private async consistency(from: number, to: number): Promise<string[]> {
    const { database } = this.sources;
    const plan = planConsistency(from, to);
    const [proof] = await database.readInTenant(this.tenantId, (sql) => this.build(sql, [plan]));
    return proof!;
  }

  private async prove(sql: Sql, page: readonly ProvableEntry[], acts: readonly number[]): Promise<Line[]> {
    const size = this.checkpoint?.size ?? 0;
    const places = await findPlaces(
      sql,
      this.tenantId,
      page.map((entry) => entry.id),
      size,
    );
    const rows = await findActs(sql, this.tenantId, acts, size);
    const indexes = [...rows.map((row) => row.leaf_index), ...places.values()];
    const proofs = await this.build(
      sql,
      indexes.map((index) => planInclusion(index, size)),
    );
    const byIndex = new Map(indexes.map((index, n) => [index, { proof: proofs[n]! }]));
    return [
      ...rows.map((row) => toActLine(row, byIndex.get(row.leaf_index))),
      ...page.map((entry) => {
        const index = places.get(entry.id) ?? null;
        return toLine(entry, index, index === null ? {} : byIndex.get(index)!);
      }),
    ];
  }

  private async build(sql: Sql, plans: readonly ProofPlan[]): Promise<string[][]> {
    const nodes = new Map(plans.flatMap((plan) => plan.nodes.map((node) => [nodeKey(node), node])));
    const known = await this.sources.trees.readNodes(sql, this.tenantId, [...nodes.values()]);
    return plans.map((plan) => plan.build((node) => known.get(nodeKey(node))!).map((hash) => hash.toString('base64')));
  }
}
