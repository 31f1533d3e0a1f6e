import { nodeHash, type NodeRef, foldPeaks, coveringSubtrees, TreeFrontier } from '../transparency-log/merkle-tree.js';

/** Leaves of a chunk; a full one is reduced to one hash, so memory is constant when leaves come roughly in order. */
const CHUNK_LEVEL = 12;
const CHUNK = 2 ** CHUNK_LEVEL;
const HASH_BYTES = 32;

interface Chunk {
  hashes: Buffer;
  present: Uint8Array;
  count: number;
}

/** What is kept of a full chunk: its root, and the hashes that roots of wanted sizes inside it need. */
interface Folded {
  root: Buffer;
  beginnings: Map<number, Buffer[]>;
}

/** An inner hash that the export claims for the tree. */
export interface NodeClaim extends NodeRef {
  hash: Buffer;
  line: number;
}

/**
 * A tree whose leaves come in any order, checked without a database. Roots can be asked for at the end, and at every
 * size that {@link wantRoot} named before the leaves around it were complete.
 */
export class SparseTree {
  private readonly chunks = new Map<number, Chunk>();
  private readonly folded = new Map<number, Folded>();
  private readonly wanted = new Map<number, Set<number>>();
  private readonly claims = new Map<number, NodeClaim[]>();
  private readonly highClaims: NodeClaim[] = [];
  /** How many inner hashes were claimed. */
  claimed = 0;

  /** @param onWrongClaim is called for each claim that is not the hash of its leaves */
  constructor(private readonly onWrongClaim: (claim: NodeClaim) => void = () => undefined) {}

  wantRoot(size: number): void {
    const number = Math.floor(size / CHUNK);
    this.wanted.set(number, (this.wanted.get(number) ?? new Set()).add(size % CHUNK));
  }

  /** To be compared once the leaves below it are there. */
  claim(claim: NodeClaim): void {
    this.claimed += 1;
    if (claim.level > CHUNK_LEVEL) return void this.highClaims.push(claim);
    const number = Math.floor((claim.index * 2 ** claim.level) / CHUNK);
    this.claims.set(number, [...(this.claims.get(number) ?? []), claim]);
  }

  /** @returns false when that index has a leaf already */
  add(index: number, hash: Buffer): boolean {
    const number = Math.floor(index / CHUNK);
    if (this.folded.has(number)) return false;
    let chunk = this.chunks.get(number);
    if (chunk === undefined) {
      chunk = { hashes: Buffer.alloc(CHUNK * HASH_BYTES), present: new Uint8Array(CHUNK), count: 0 };
      this.chunks.set(number, chunk);
    }
    const place = index % CHUNK;
    if (chunk.present[place] === 1) return false;
    chunk.present[place] = 1;
    chunk.count += 1;
    hash.copy(chunk.hashes, place * HASH_BYTES);
    if (chunk.count === CHUNK) this.fold(number, chunk);
    return true;
  }

  /** The first place below `size` without a leaf. */
  firstGap(size: number): number | null {
    for (let number = 0; number * CHUNK < size; number++) {
      if (this.folded.has(number)) continue;
      const gap = this.chunks.get(number)?.present.indexOf(0) ?? 0;
      if (number * CHUNK + gap < size) return number * CHUNK + gap;
    }
    return null;
  }

  /** @returns null when leaves are missing */
  root(size: number): Buffer | null {
    if (this.firstGap(size) !== null) return null;
    const tree = new TreeFrontier();
    while (tree.size + CHUNK <= size) tree.appendSubtree(CHUNK_LEVEL, this.folded.get(tree.size / CHUNK)!.root);
    const rest = size - tree.size;
    if (rest === 0) return tree.root();
    const number = tree.size / CHUNK;
    const chunk = this.chunks.get(number);
    const hashes = chunk === undefined ? this.folded.get(number)?.beginnings.get(rest) : beginning(chunk, rest);
    return hashes === undefined ? null : foldPeaks([...tree.hashes, ...hashes]);
  }

  /** Compares the claims about chunks that are not full. */
  checkClaims(): void {
    for (const [number, chunk] of this.chunks) this.compare(number, chunk);
    for (const claim of this.highClaims) {
      const chunks = 2 ** (claim.level - CHUNK_LEVEL);
      const tree = new TreeFrontier();
      for (let n = claim.index * chunks; n < (claim.index + 1) * chunks; n++) {
        const folded = this.folded.get(n);
        if (folded === undefined) break;
        tree.appendSubtree(0, folded.root);
      }
      if (tree.size === chunks && !tree.root().equals(claim.hash)) this.onWrongClaim(claim);
    }
  }

  private fold(number: number, chunk: Chunk): void {
    this.compare(number, chunk);
    const sizes = [...(this.wanted.get(number) ?? [])].filter((size) => size > 0);
    const beginnings = new Map(sizes.map((size) => [size, beginning(chunk, size)]));
    this.folded.set(number, { root: subtree(chunk, { level: CHUNK_LEVEL, index: 0 }), beginnings });
    this.chunks.delete(number);
  }

  private compare(number: number, chunk: Chunk): void {
    for (const claim of this.claims.get(number) ?? []) {
      const width = 2 ** claim.level;
      const index = claim.index % (CHUNK / width);
      const there = chunk.present.subarray(index * width, (index + 1) * width).every((present) => present === 1);
      if (there && !subtree(chunk, { level: claim.level, index }).equals(claim.hash)) this.onWrongClaim(claim);
    }
    this.claims.delete(number);
  }
}

function beginning(chunk: Chunk, size: number): Buffer[] {
  return coveringSubtrees(0, size).map((node) => subtree(chunk, node));
}

/** Root of a complete subtree inside a chunk that has all its leaves. */
function subtree(chunk: Chunk, { level, index }: NodeRef): Buffer {
  let row: Buffer[] = Array.from({ length: 2 ** level }, (_, n) => {
    const at = (index * 2 ** level + n) * HASH_BYTES;
    return Buffer.from(chunk.hashes.subarray(at, at + HASH_BYTES));
  });
  while (row.length > 1) row = Array.from({ length: row.length / 2 }, (_, n) => nodeHash(row[2 * n]!, row[2 * n + 1]!));
  return row[0]!;
}

/** Complete subtrees of every fourth level: those the service keeps. */
export function storedNodes(size: number): number {
  let count = 0;
  for (let width = 16; width <= size; width *= 16) count += Math.floor(size / width);
  return count;
}
