import { createHash } from 'node:crypto';

/** RFC 6962 §2.1 (the same in RFC 9162 §2.1.1): the hash of a tree without leaves. */
export const EMPTY_ROOT = createHash('sha256').digest();

const NODE_PREFIX = Buffer.of(1);

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(NODE_PREFIX).update(left).update(right).digest();
}

/** A complete subtree: leaves `index` · 2^level up to, not including, (`index` + 1) · 2^level. */
export interface NodeRef {
  level: number;
  index: number;
}

/** Called for each complete subtree above the leaves as soon as its last leaf is there. */
export type NodeListener = (node: NodeRef, hash: Buffer) => void;

/**
 * A tree that can grow: only the roots of the complete subtrees that cover its leaves, largest first; one per bit
 * that is set in the size. Sizes stay below 2^53, so plain numbers do and bit operators (32 bits) do not.
 */
export class TreeFrontier {
  private readonly peaks: { level: number; hash: Buffer }[] = [];
  private count = 0;

  constructor(private readonly onNode: NodeListener = () => undefined) {}

  /** @param hashes the peaks of a tree of `size` leaves, largest first */
  static restore(size: number, hashes: readonly Buffer[], onNode?: NodeListener): TreeFrontier {
    const levels = peakLevels(size);
    if (levels.length !== hashes.length) throw new Error(`a tree of ${size} leaves has ${levels.length} peaks`);
    const tree = new TreeFrontier(onNode);
    levels.forEach((level, n) => tree.peaks.push({ level, hash: hashes[n]! }));
    tree.count = size;
    return tree;
  }

  get size(): number {
    return this.count;
  }

  get hashes(): Buffer[] {
    return this.peaks.map((peak) => peak.hash);
  }

  append(leafHash: Buffer): void {
    this.appendSubtree(0, leafHash);
  }

  /** Appends a complete subtree of 2^level leaves; the size must be a multiple of that. */
  appendSubtree(level: number, hash: Buffer): void {
    if (this.count % 2 ** level !== 0) throw new Error(`no subtree of level ${level} begins at leaf ${this.count}`);
    this.count += 2 ** level;
    let peak = { level, hash };
    for (let left = this.peaks.at(-1); left?.level === peak.level; left = this.peaks.at(-1)) {
      this.peaks.pop();
      peak = { level: peak.level + 1, hash: nodeHash(left.hash, peak.hash) };
      this.onNode({ level: peak.level, index: this.count / 2 ** peak.level - 1 }, peak.hash);
    }
    this.peaks.push(peak);
  }

  root(): Buffer {
    return foldPeaks(this.hashes);
  }
}

/** The root above complete subtrees of falling size. */
export function foldPeaks(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 0) return EMPTY_ROOT;
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), hashes.at(-1)!);
}

/** The complete subtrees that cover the leaves from `from` up to, not including, `to`, from left to right. */
export function coveringSubtrees(from: number, to: number): NodeRef[] {
  const nodes: NodeRef[] = [];
  for (let start = from; start < to;) {
    let level = 0;
    while (start % 2 ** (level + 1) === 0 && start + 2 ** (level + 1) <= to) level += 1;
    nodes.push({ level, index: start / 2 ** level });
    start += 2 ** level;
  }
  return nodes;
}

function peakLevels(size: number): number[] {
  return coveringSubtrees(0, size).map((node) => node.level);
}
