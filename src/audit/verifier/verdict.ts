import type { Checkpoint } from '../transparency-log/signed-note.js';

export interface VerifyOptions {
  /**
   * Verifier keys to trust, one of which must have signed. Without any, the key in the export is used, and the verdict
   * says so.
   */
  publicKeys?: readonly string[] | undefined;
  /** A signed checkpoint kept from earlier. */
  earlier?: string | undefined;
  /** Checkpoints of archives, which were verified by themselves, with names for people. */
  beginnings?: readonly { name: string; checkpoint: Checkpoint }[] | undefined;
}

export interface Verdict {
  ok: boolean;
  lines: number;
  entries: number;
  /** Of these, entries that lost personal fields, or values in them, to an erasure. */
  erased: number;
  pruned: number;
  /** Whether it is proven that nothing is missing; an export made with filters cannot prove that. */
  complete: boolean;
  tree_size: number | null;
  root_hash: string | null;
  origin: string | null;
  public_keys: readonly string[];
  /** Leaves before which the clock ran backwards, as the sealer noted. */
  clock_notes: number[];
  /** The key came from the export itself: the signature then detects only damage, not forgery. */
  key_from_export: boolean;
  earlier: { tree_size: number; consistent: boolean } | null;
  problems: string[];
  problem_count: number;
}
