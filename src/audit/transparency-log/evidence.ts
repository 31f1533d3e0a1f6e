import type { PersonalField, SealableEntry } from './leaf.js';

/** What an ndjson export says about itself, in the evidence of its first line. */
export interface ExportStatement {
  /** Signed note; null when nothing is sealed yet. */
  checkpoint: string | null;
  /** Verifier key of its signature. */
  public_key: string | null;
  /** Consistency proof from the checkpoint before, in an export with filters that goes on to a newer one. */
  consistency?: string[];
  /** Whether the export claims to hold every leaf of the checkpoint. */
  complete: boolean;
  filters?: Record<string, unknown>;
}

/** Added to the fields of a line: what proves it. Bytes are base64. */
export interface LineEvidence extends Partial<ExportStatement> {
  /** null: not sealed when it was exported. */
  leaf_index: number | null;
  leaf?: string;
  /** Opens the commitments to the personal fields, except those that were erased or redacted. */
  salts?: Partial<Record<PersonalField, string>>;
  /** Inclusion proof, in an export that is not complete. */
  proof?: string[];
  /** Inner hashes that the service keeps, for comparison with those of the leaves. */
  nodes?: [level: number, index: number, hash: string][];
}

/** An entry in an ndjson export. */
export interface EntryLine extends SealableEntry {
  erased_at: string | null;
  erased_fields: PersonalField[] | null;
  redacted_fields: PersonalField[] | null;
  evidence: LineEvidence;
}

/** An act on the trail: an erasure or a pruning; or a note of the sealer. */
export interface ActLine {
  act: ActTerms['kind'];
  evidence: LineEvidence;
}

/** Leaves from `from` on whose entries a pruning removed: only their hashes are left. */
export interface PrunedLine {
  pruned: { from: number; hashes: string[] };
  evidence: Partial<ExportStatement> & Pick<LineEvidence, 'nodes'>;
}

/** erase: whole fields were removed. redact: values in them were replaced, so that what is shown cannot be proven. */
export type ErasureMode = 'erase' | 'redact';

/** What an act orders. */
export type ActTerms =
  | { kind: 'erasure'; mode: ErasureMode; fields: PersonalField[]; subject?: string }
  /** `older_than`: of entries recorded before then. */
  | { kind: 'prune'; older_than: string }
  /** The sealer's note that the time of recording ran backwards at these leaves. */
  | { kind: 'clock'; tolerance_ms: number };

/** Leaf of an act. `ranges`: leaf indexes [from, to) it is about. */
export type ActLeaf = ActTerms & {
  v: 2;
  id: string;
  at: string;
  tenant_id: string;
  ranges: [from: number, to: number][];
  count: number;
  /** The tree right before this leaf: its size is the leaf's own index. */
  tree_size: number;
  root_hash: string;
};

export interface LeafRow {
  leaf_index: number;
  kind: string;
  entry_id: string | null;
  leaf_hash: Buffer;
  leaf: Buffer | null;
}

/** A leaf that no entry holds. */
export interface ActRow {
  leaf_index: number;
  kind: ActLine['act'];
  leaf_hash: Buffer;
  leaf: Buffer;
}
