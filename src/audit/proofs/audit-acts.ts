import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database.js';
import { uuid7 } from '../../platform/uuid7.js';
import { AuditTreeRepository, type LockedTree } from './audit-tree.repository.js';
import { canonicalJson } from './canonical-json.js';
import type { ActLeaf } from './evidence.js';
import { leafHash, microseconds } from './leaf.js';
import { toRanges } from './leaf-ranges.js';
import { foldPeaks } from './merkle-tree.js';
import { SealingService } from './sealing.service.js';

/** An act with more ranges is split, so that a leaf stays below about 20 kB. */
const RANGES_PER_LEAF = 1_000;
const INDEXES_PER_ACT = 100_000;

const FUNCTIONS = { erasure: 'erase_audit_entries', prune: 'prune_audit_entries' } as const;

/**
 * What may change the trail itself: each act first appends a leaf that says which leaves it is about, then a function of
 * the database does to their entries what the leaf orders. One transaction, under the lock of the tree.
 */
@Injectable()
export class AuditActs {
  constructor(
    private readonly database: Database,
    private readonly trees: AuditTreeRepository,
    private readonly sealing: SealingService,
  ) {}

  /**
   * Removes the entries that happened before `olderThan`; their leaf hashes stay.
   * @param alsoIn runs in each transaction that removed something, with how much; once if there was nothing to remove
   */
  async prune(
    tenantId: string,
    { olderThan }: { olderThan: Date },
    alsoIn: (sql: Sql, deleted: number) => Promise<void> = () => Promise.resolve(),
  ): Promise<{ deleted: number }> {
    const condition = `occurred_at < $2`;
    let deleted = 0;
    for (let changed = INDEXES_PER_ACT; changed === INDEXES_PER_ACT;) {
      changed = await this.database.inSystem(async (sql) => {
        const done = await this.act(sql, tenantId, 'prune', condition, [olderThan]);
        if (done > 0 || deleted === 0) await alsoIn(sql, done);
        return done;
      });
      deleted += changed;
    }
    return { deleted };
  }

  /** Blanks the personal fields of the entries for which `condition` (over audit_entries, parameters from $2) holds. */
  erase(sql: Sql, tenantId: string, condition: string, values: readonly unknown[]): Promise<number> {
    return this.act(sql, tenantId, 'erasure', `erased_at is null and (${condition})`, values);
  }

  private async act(
    sql: Sql,
    tenantId: string,
    kind: ActLeaf['kind'],
    condition: string,
    values: readonly unknown[],
  ): Promise<number> {
    let tree = await this.sealing.sealTenant(sql, tenantId);
    const { rows } = await sql.query<{ leaf_index: number }>(
      `/* auditActs.find */ select l.leaf_index::float8 from audit_leaves l
       where l.tenant_id = $1 and l.kind = 'entry'
         and l.entry_id in (select id from audit_entries where tenant_id = $1 and ${condition})
       order by l.leaf_index limit ${INDEXES_PER_ACT}`,
      [tenantId, ...values],
    );
    const ranges = toRanges(rows.map((row) => row.leaf_index));
    let changed = 0;
    for (let n = 0; n < ranges.length; n += RANGES_PER_LEAF) {
      const index = tree.size;
      tree = await this.appendAct(sql, tree, kind, ranges.slice(n, n + RANGES_PER_LEAF));
      const { rows: done } = await sql.query<{ changed: number }>(
        `/* auditActs.${kind} */ select ${FUNCTIONS[kind]}($1, $2)::float8 as changed`,
        [tenantId, index],
      );
      changed += done[0]?.changed ?? 0;
    }
    return changed;
  }

  private async appendAct(sql: Sql, tree: LockedTree, kind: ActLeaf['kind'], ranges: [number, number][]) {
    const leaf: ActLeaf = {
      v: 1,
      kind,
      id: uuid7(),
      at: microseconds(Date.now()),
      ranges,
      count: ranges.reduce((sum, [from, to]) => sum + to - from, 0),
      tree_size: tree.size,
      root_hash: foldPeaks(tree.peaks).toString('base64'),
    };
    const bytes = Buffer.from(canonicalJson({ ...leaf, tenant_id: tree.tenantId }), 'utf8');
    const [grown] = await this.trees.append(sql, [
      { tree, leaves: [{ kind, entryId: null, hash: leafHash(bytes), leaf: bytes }] },
    ]);
    return grown!;
  }
}
