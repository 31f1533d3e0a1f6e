import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { badRequest, notFound } from '../../platform/http/problem.js';
import { isUuid } from '../../platform/database/uuid7.js';
import { findProvable } from './evidence.repository.js';
import { AuditTreeRepository, nodeKey, type SignedCheckpoint } from './audit-tree.repository.js';
import { PERSONAL_FIELDS, saltOf } from './leaf.js';
import { planConsistency, planInclusion, type ProofPlan } from './merkle-proof.js';
import { foldPeaks, type NodeRef, coveringSubtrees } from './merkle-tree.js';
import type { CheckpointResponse, ConsistencyProofResponse, InclusionProofResponse } from './proofs.dto.js';

/** Inclusion and consistency proofs, each from a number of hashes that grows with the logarithm of the tree. */
@Injectable()
export class ProofsService {
  constructor(
    private readonly database: Database,
    private readonly trees: AuditTreeRepository,
  ) {}

  getCheckpoint(tenantId: string): Promise<CheckpointResponse> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { size, root, note, publicKey } = await this.requireCheckpoint(sql, tenantId);
      return {
        origin: note.slice(0, note.indexOf('\n')),
        tree_size: size,
        root_hash: root.toString('base64'),
        checkpoint: note,
        public_key: publicKey,
      };
    });
  }

  getInclusion(tenantId: string, id: string): Promise<InclusionProofResponse> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const leaf = isUuid(id) ? await findProvable(sql, tenantId, id) : undefined;
      if (leaf === undefined) throw notFound('There is no audit entry and no act on the trail with this id.');
      if (leaf.leaf_index === null) throw notSealed();
      const checkpoint = await this.requireCheckpoint(sql, tenantId);
      if (leaf.leaf_index >= checkpoint.size) throw notSealed();
      const proof = await this.prove(sql, tenantId, planInclusion(leaf.leaf_index, checkpoint.size));
      return {
        leaf_index: leaf.leaf_index,
        tree_size: checkpoint.size,
        leaf: leaf.leaf?.toString('base64') ?? null,
        salts: openSalts(leaf.salts),
        leaf_hash: leaf.leaf_hash.toString('base64'),
        root_hash: checkpoint.root.toString('base64'),
        proof,
        checkpoint: checkpoint.note,
        public_key: checkpoint.publicKey,
      };
    });
  }

  getConsistency(tenantId: string, from: number, to?: number): Promise<ConsistencyProofResponse> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { size } = await this.requireCheckpoint(sql, tenantId);
      const end = to ?? size;
      if (end > size)
        throw badRequest(`The audit trail has ${size} signed leaves; to must not be more.`, [
          { path: 'to', message: `must not be more than ${size}` },
        ]);
      if (from > end)
        throw badRequest(`from must not be more than to, which is ${end}.`, [
          { path: 'from', message: `must not be more than ${end}` },
        ]);
      const plan = planConsistency(from, end);
      const subtrees = [coveringSubtrees(0, from), coveringSubtrees(0, end)] as const;
      const read = await this.reader(sql, tenantId, [...plan.nodes, ...subtrees[0], ...subtrees[1]]);
      const [oldRoot, newRoot] = subtrees.map((nodes) => foldPeaks(nodes.map(read)).toString('base64'));
      return {
        from,
        to: end,
        from_root_hash: oldRoot!,
        to_root_hash: newRoot!,
        proof: plan.build(read).map((hash) => hash.toString('base64')),
      };
    });
  }

  private async prove(sql: Sql, tenantId: string, plan: ProofPlan): Promise<string[]> {
    const read = await this.reader(sql, tenantId, plan.nodes);
    return plan.build(read).map((hash) => hash.toString('base64'));
  }

  private async reader(sql: Sql, tenantId: string, nodes: readonly NodeRef[]): Promise<(node: NodeRef) => Buffer> {
    const known = await this.trees.readNodes(sql, tenantId, nodes);
    return (node) => known.get(nodeKey(node))!;
  }

  private async requireCheckpoint(sql: Sql, tenantId: string): Promise<SignedCheckpoint> {
    const checkpoint = await this.trees.findCheckpoint(sql, tenantId);
    if (checkpoint === null) {
      throw notFound(
        'No audit entry has been sealed yet. Entries are sealed within seconds; a worker must be running.',
      );
    }
    return checkpoint;
  }
}

/** The salt of each personal field, without those that were erased. */
function openSalts(salts: Buffer | null): Record<string, string> {
  if (salts === null) return {};
  return Object.fromEntries(
    PERSONAL_FIELDS.flatMap((field) => {
      const salt = saltOf(salts, field);
      return salt === null ? [] : [[field, salt.toString('base64')]];
    }),
  );
}

const notSealed = () =>
  notFound('This audit entry is not sealed yet. Entries are sealed within seconds; ask again shortly.');
