export interface VerifyOptions {
  /** Verifier keys to trust, of which one must have signed; without any the one in the export is taken, and said to be. */
  publicKeys?: readonly string[] | undefined;
  /** A signed checkpoint kept from earlier. */
  earlier?: string | undefined;
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
  /** The key came from the export itself: the signature then only tells damage, not forgery. */
  key_from_export: boolean;
  earlier: { tree_size: number; consistent: boolean } | null;
  problems: string[];
  problem_count: number;
}
