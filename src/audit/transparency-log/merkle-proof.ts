import { EMPTY_ROOT, foldPeaks, nodeHash, type NodeRef, coveringSubtrees } from './merkle-tree.js';

/** Leaves from `from` up to, not including, `to`. */
type Range = readonly [from: number, to: number];

/** Hash of a complete subtree. */
export type NodeReader = (node: NodeRef) => Buffer;

/** A planned proof: which complete subtrees it needs, and how to make it from their hashes. */
export interface ProofPlan {
  readonly nodes: readonly NodeRef[];
  build(read: NodeReader): Buffer[];
}

/** RFC 6962 §2.1.1: that leaf `index` is in the tree of `size` leaves. */
export function planInclusion(index: number, size: number): ProofPlan {
  if (!(index >= 0 && index < size)) throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  const path: Range[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + largestPowerBelow(to - from);
    path.push(index < middle ? [middle, to] : [from, middle]);
    [from, to] = index < middle ? [from, middle] : [middle, to];
  }
  return plan(path.reverse());
}

/** RFC 6962 §2.1.2: that the tree of `from` leaves is the beginning of the tree of `size` leaves. */
export function planConsistency(from: number, size: number): ProofPlan {
  if (!(from >= 0 && from <= size)) throw new RangeError(`a tree of ${from} is not the beginning of one of ${size}`);
  if (from === 0 || from === size) return plan([]);
  const path: Range[] = [];
  let [start, end] = [0, size];
  while (end !== from) {
    const middle = start + largestPowerBelow(end - start);
    path.push(from <= middle ? [middle, end] : [start, middle]);
    [start, end] = from <= middle ? [start, middle] : [middle, end];
  }
  // a complete subtree at the start is the old root itself, which the verifier has
  if (start !== 0) path.push([start, end]);
  return plan(path.reverse());
}

function plan(ranges: readonly Range[]): ProofPlan {
  const subtrees = ranges.map(([from, to]) => coveringSubtrees(from, to));
  return { nodes: subtrees.flat(), build: (read) => subtrees.map((nodes) => foldPeaks(nodes.map(read))) };
}

function largestPowerBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** RFC 9162 §2.1.3.2 */
export function verifyInclusion(
  leaf: Buffer,
  index: number,
  size: number,
  proof: readonly Buffer[],
  root: Buffer,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let [node, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && hash.equals(root);
}

/** RFC 9162 §2.1.4.2; the tree without leaves is the beginning of every other. */
export function verifyConsistency(
  from: number,
  size: number,
  proof: readonly Buffer[],
  fromRoot: Buffer,
  root: Buffer,
): boolean {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(size) || from < 0 || from > size) return false;
  if (from === size) return proof.length === 0 && fromRoot.equals(root);
  if (from === 0) return proof.length === 0 && fromRoot.equals(EMPTY_ROOT);
  let [node, last] = [from - 1, size - 1];
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  // a tree whose size is a power of two is not repeated in the proof
  const path = node === 0 ? [fromRoot, ...proof] : [...proof];
  const seed = path.shift();
  if (seed === undefined) return false;
  let [oldHash, newHash] = [seed, seed];
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      newHash = nodeHash(newHash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && oldHash.equals(fromRoot) && newHash.equals(root);
}
