import type { SealableEntry } from './leaf.js';

/** What an ndjson export says of itself, in the evidence of its first line. */
export interface ExportStatement {
  /** Signed note; null when nothing is sealed yet. */
  checkpoint: string | null;
  /** Verifier key of its signature. */
  public_key: string | null;
  /** Whether the export claims to hold every leaf of the checkpoint. */
  complete: boolean;
  filters?: Record<string, unknown>;
}

/** Beside the fields of a line: what proves it. Bytes are base64. */
export interface LineEvidence extends Partial<ExportStatement> {
  /** null: not sealed when it was exported. */
  leaf_index: number | null;
  leaf?: string;
  /** Opens the commitments to the personal fields; null once they are erased. */
  salt?: string | null;
  /** Inclusion proof, in an export that is not complete. */
  proof?: string[];
  /** Inner hashes that the service keeps, for comparison with those of the leaves. */
  nodes?: [level: number, index: number, hash: string][];
}

/** An entry in an ndjson export. */
export interface EntryLine extends SealableEntry {
  erased_at: string | null;
  evidence: LineEvidence;
}

/** Something the trail did to itself: an erasure or a pruning. */
export interface ActLine {
  act: 'erasure' | 'prune';
  evidence: LineEvidence;
}

/** Leaves from `from` on whose entries a pruning removed: only their hashes are left. */
export interface PrunedLine {
  pruned: { from: number; hashes: string[] };
  evidence: Partial<ExportStatement> & Pick<LineEvidence, 'nodes'>;
}

/** Leaf of an erasure or a pruning. `ranges`: leaf indexes [from, to) it is about. */
export interface ActLeaf {
  v: 1;
  kind: 'erasure' | 'prune';
  id: string;
  at: string;
  ranges: [from: number, to: number][];
  count: number;
  /** The tree right before this leaf: its size is the leaf's own index. */
  tree_size: number;
  root_hash: string;
}
