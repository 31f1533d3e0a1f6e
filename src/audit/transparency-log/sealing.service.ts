import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '../../platform/config/config.js';
import { Database, type Sql } from '../../platform/database/database.js';
import { parseUuid, uuid7Time } from '../../platform/database/uuid7.js';
import { createPublicKey } from 'node:crypto';
import {
  type Append,
  AuditTreeRepository,
  type LockedTree,
  type NewLeaf,
  type PendingLeaf,
  type SignedCheckpoint,
} from './audit-tree.repository.js';
import { actLeaf } from './act-leaf.js';
import { toRanges } from './leaf-ranges.js';
import { foldPeaks } from './merkle-tree.js';
import { CLOCK_TOLERANCE_MS, RecordingClock } from './recording-clock.js';
import { checkpointText, signNote, verifierKey } from './signed-note.js';
import { SigningKey } from './signing-key.js';

const TENANTS_PER_PASS = 1_000;
const LEAVES_PER_PASS = 10_000;
const RANGES_PER_LEAF = 1_000;

/** The result of one pass. */
export interface SealPass {
  sealed: number;
  checkpoints: SignedCheckpoint[];
  /** Whether another pass would find more. */
  more: boolean;
}

const NOTHING: SealPass = { sealed: 0, checkpoints: [], more: false };

/**
 * Gives entries their leaf index in the tree of their tenant: without gaps, in the order in which passes find them,
 * whatever their ids. One transaction per pass, so a killed pass leaves nothing behind.
 */
@Injectable()
export class SealingService {
  private readonly logger = new Logger(SealingService.name);

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly trees: AuditTreeRepository,
    private readonly signingKey: SigningKey,
  ) {}

  /** One pass over all tenants. Does nothing while another worker is sealing. */
  async sealOnce(): Promise<SealPass> {
    const keys = await this.signingKey.all();
    return this.database.inSystem(async (sql) => {
      if (!(await this.trees.becomeSealer(sql))) return NOTHING;
      const tenants = await this.trees.listWaiting(sql, TENANTS_PER_PASS);
      if (tenants.length === 0) return NOTHING;
      const perTenant = Math.ceil(LEAVES_PER_PASS / tenants.length);
      const locked = await this.trees.lock(sql, tenants);
      const { trees, sealed } = await this.appendWaiting(sql, locked, perTenant);
      const unsigned = trees.filter((tree) => tree.size > tree.signedSize);
      const checkpoints = unsigned.map(({ tenantId, size, peaks }) => {
        const [origin, root] = [`${this.config.AUDIT_ORIGIN}/${tenantId}`, foldPeaks(peaks)];
        const note = signNote(checkpointText({ origin, size, root }), origin, ...keys);
        return { tenantId, size, root, note, publicKey: verifierKey(origin, createPublicKey(keys[0])) };
      });
      if (checkpoints.length > 0) await this.trees.insertCheckpoints(sql, checkpoints);
      const more = sealed >= perTenant || tenants.length === TENANTS_PER_PASS;
      return { sealed, checkpoints, more: more && sealed > 0 };
    });
  }

  /** Locks the tree of one tenant and seals what waits, for code that is about to append an act. */
  async sealTenant(sql: Sql, tenantId: string): Promise<LockedTree> {
    let [tree] = await this.trees.lock(sql, [tenantId]);
    for (let sealed = LEAVES_PER_PASS; sealed === LEAVES_PER_PASS;) {
      const pass = await this.appendWaiting(sql, [tree!], LEAVES_PER_PASS);
      [tree] = pass.trees;
      sealed = pass.sealed;
    }
    return tree!;
  }

  private async appendWaiting(
    sql: Sql,
    locked: readonly LockedTree[],
    perTenant: number,
  ): Promise<{ trees: LockedTree[]; sealed: number }> {
    const waiting = await this.trees.take(
      sql,
      locked.map((tree) => tree.tenantId),
      perTenant,
    );
    const byTenant = new Map(locked.map((tree) => [tree.tenantId, { tree, leaves: [] as NewLeaf[] }]));
    for (const { tenantId, entryId, hash } of waiting.sort(byEntryId)) {
      byTenant.get(tenantId)?.leaves.push({ kind: 'entry', entryId, actId: null, hash, leaf: null });
    }
    const checked = [...byTenant.values()].map(checkClock);
    const trees = await this.trees.append(sql, checked);
    await this.noteClock(sql, trees, checked);
    return { trees, sealed: waiting.length };
  }

  /** Appends a leaf after those whose time ran backwards, as verifiers expect; updates `trees`. */
  private async noteClock(sql: Sql, trees: LockedTree[], checked: readonly CheckedAppend[]): Promise<void> {
    for (const [n, { backwards }] of checked.entries()) {
      const tree = trees[n]!;
      for (let from = 0; from < backwards.length; from += RANGES_PER_LEAF) {
        const ranges = toRanges(backwards.slice(from, from + RANGES_PER_LEAF));
        const note = actLeaf(trees[n]!, { kind: 'clock', tolerance_ms: CLOCK_TOLERANCE_MS }, ranges);
        trees[n] = (await this.trees.append(sql, [{ tree: trees[n]!, leaves: [note] }]))[0]!;
      }
      if (backwards.length === 0) continue;
      this.logger.warn(
        `audit trail of ${tree.tenantId}: ${backwards.length} entries, the first at leaf ${backwards[0]}, were recorded more than ` +
          `${CLOCK_TOLERANCE_MS / 60_000} minutes before those in front of them; compare the clocks of the API processes`,
      );
    }
  }
}

interface CheckedAppend extends Append {
  /** Leaf indexes at which the time of recording runs backwards. */
  backwards: number[];
}

function checkClock({ tree, leaves }: Append): CheckedAppend {
  const clock = new RecordingClock(tree.recordedUntil);
  const backwards: number[] = [];
  for (const [n, { entryId }] of leaves.entries()) {
    if (entryId !== null && clock.runsBack(uuid7Time(parseUuid(entryId)))) backwards.push(tree.size + n);
  }
  return { tree: { ...tree, recordedUntil: clock.until }, leaves, backwards };
}

const byEntryId = (a: PendingLeaf, b: PendingLeaf) => (a.entryId < b.entryId ? -1 : 1);
