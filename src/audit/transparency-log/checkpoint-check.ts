import { Injectable, Logger } from '@nestjs/common';
import { Database, isConnectionError, type Sql, sqlState } from '../../platform/database/database.js';
import { PeriodicTasks } from '../../platform/scheduling/periodic-tasks.js';
import { MINUTE_MS } from '../../platform/time/time.js';
import { AuditTreeRepository, nodeKey } from './audit-tree.repository.js';
import { InconsistenciesRepository } from './inconsistencies.repository.js';
import { coveringSubtrees, foldPeaks } from './merkle-tree.js';
import { openCheckpoint } from './signed-note.js';

/** Some milliseconds each: with more trees than this, a round takes several minutes. */
const TREES_PER_RUN = 500;

/**
 * Compares each tree with its newest checkpoint, in turn: whether the checkpoint is signed, says what its row says, and
 * is the root of the hashes that stand in the tree now. Who owns the database can forge all of them alike; a tree that
 * was edited, or restored without its checkpoints, is found here. Any number of workers may check.
 */
@Injectable()
export class CheckpointCheck {
  private readonly logger = new Logger(CheckpointCheck.name);
  private after: string | null = null;

  constructor(
    private readonly database: Database,
    private readonly trees: AuditTreeRepository,
    private readonly inconsistencies: InconsistenciesRepository,
    tasks: PeriodicTasks,
  ) {
    tasks.add({
      name: 'checkpoint-check',
      schedule: { pauseMs: MINUTE_MS },
      run: (signal) => this.check(signal),
      onError: (error) => this.logger.warn(`checkpoints not checked: ${error.message}`),
    });
  }

  /** The trees whose turn it is. */
  async check(signal: AbortSignal): Promise<void> {
    const sql = this.database.system;
    const tenantIds = await this.inconsistencies.listTenants(sql, this.after, TREES_PER_RUN);
    const faults: (string | null)[] = [];
    for (const tenantId of tenantIds) {
      if (signal.aborted) return;
      const fault = await this.findFault(sql, tenantId);
      if (fault !== null) this.logger.error(`audit trail of ${tenantId}: ${fault}`);
      faults.push(fault);
    }
    await this.inconsistencies.record(sql, tenantIds, faults);
    this.after = tenantIds.length < TREES_PER_RUN ? null : (tenantIds.at(-1) ?? null);
  }

  private async findFault(sql: Sql, tenantId: string): Promise<string | null> {
    const checkpoint = await this.trees.findCheckpoint(sql, tenantId);
    if (checkpoint === null) return 'it is signed, but none of its checkpoints is there any more';
    try {
      const { size, root } = openCheckpoint(checkpoint.note, checkpoint.publicKey);
      if (size !== checkpoint.size || !root.equals(checkpoint.root)) return 'its newest checkpoint was changed';
      const nodes = coveringSubtrees(0, size);
      const known = await this.trees.readNodes(sql, tenantId, nodes);
      const actual = foldPeaks(nodes.map((node) => known.get(nodeKey(node))!));
      return actual.equals(root) ? null : `its ${size} leaves are not those that its newest checkpoint signed`;
    } catch (error) {
      if (isConnectionError(error) || sqlState(error) !== undefined) throw error;
      return (error as Error).message; // a note that does not open, or hashes that are not there
    }
  }
}
