import { createHash } from 'node:crypto';
import { leafHash } from '../../src/audit/transparency-log/leaf.js';
import {
  planConsistency,
  planInclusion,
  type ProofPlan,
  verifyConsistency,
  verifyInclusion,
} from '../../src/audit/transparency-log/merkle-proof.js';
import { EMPTY_ROOT, nodeHash, coveringSubtrees, TreeFrontier } from '../../src/audit/transparency-log/merkle-tree.js';

/** The published vectors of Certificate Transparency: leaves, the root of each size from 0 to 8, and proofs. */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const A = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7';
const B = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e';
const C = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4';
const D = 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b';
const E = 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0';
const F = '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a';

const hashes = (leaves: readonly Buffer[]) => leaves.map((leaf) => leafHash(leaf));
const known = hashes(LEAVES.map((hex) => Buffer.from(hex, 'hex')));

/** RFC 6962 §2.1 by the letter: the recursion that the code under test does not use. */
function rootOf(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return createHash('sha256').digest();
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

/** Proofs over leaves in memory; each subtree is hashed by the recursion. */
function build(plan: ProofPlan, leaves: readonly Buffer[]): Buffer[] {
  return plan.build(({ level, index }) => rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));
}

const hex = (buffers: readonly Buffer[]) => buffers.map((buffer) => buffer.toString('hex'));

function grown(leaves: readonly Buffer[]): TreeFrontier {
  const tree = new TreeFrontier();
  for (const leaf of leaves) tree.append(leaf);
  return tree;
}

describe('the published vectors', () => {
  it.each(ROOTS.map((root, size) => [size, root]))('root of %i leaves', (size, root) => {
    expect(
      grown(known.slice(0, Number(size)))
        .root()
        .toString('hex'),
    ).toBe(root);
  });

  it.each([
    [0, 1, []],
    [0, 8, [A, B, C]],
    [5, 8, [D, E, ROOTS[4]!]],
    [2, 3, [ROOTS[2]!]],
    [1, 5, [ROOTS[1]!, B, D]],
  ])('inclusion of leaf %i in a tree of %i', (index, size, proof) => {
    expect(hex(build(planInclusion(index, size), known))).toEqual(proof);
  });

  it.each([
    [1, 1, []],
    [1, 8, [A, B, C]],
    [2, 8, [B, C]],
    [6, 8, [F, E, ROOTS[4]!]],
    [2, 5, [B, D]],
  ])('consistency of %i and %i', (from, size, proof) => {
    expect(hex(build(planConsistency(from, size), known))).toEqual(proof);
  });
});

describe('every tree of up to 130 leaves', () => {
  const MAX = 130;
  const leaves = hashes(Array.from({ length: MAX }, (_, n) => Buffer.from(`leaf ${n}`)));
  const roots = Array.from({ length: MAX + 1 }, (_, size) => rootOf(leaves.slice(0, size)));
  const nodes = new Map<string, Buffer>();
  const tree = new TreeFrontier(({ level, index }, hash) => nodes.set(`${level}/${index}`, hash));
  leaves.forEach((leaf, n) => {
    tree.append(leaf);
    nodes.set(`0/${n}`, leaf);
  });
  const read = ({ level, index }: { level: number; index: number }) => nodes.get(`${level}/${index}`)!;

  it('has the root of the recursion, and can be put away and taken up', () => {
    for (let size = 0; size <= MAX; size++) {
      const small = grown(leaves.slice(0, size));
      expect(small.root()).toEqual(roots[size]);
      const restored = TreeFrontier.restore(size, small.hashes);
      for (const leaf of leaves.slice(size)) restored.append(leaf);
      expect(restored.root()).toEqual(roots[MAX]);
    }
  });

  it('proves each leaf, and no other leaf, place, size or root', () => {
    const wrong: string[] = [];
    for (let size = 1; size <= MAX; size++) {
      for (let index = 0; index < size; index++) {
        const proof = planInclusion(index, size).build(read);
        const [leaf, other, root] = [leaves[index]!, (index + 1) % size, roots[size]!];
        const accepted = [
          verifyInclusion(leaf, index, size, proof, root),
          size > 1 && verifyInclusion(leaves[other]!, index, size, proof, root),
          size > 1 && verifyInclusion(leaf, other, size, proof, root),
          size > 1 && verifyInclusion(leaf, index, size, proof.slice(1), root),
          verifyInclusion(leaf, index, size, [...proof, EMPTY_ROOT], root),
          verifyInclusion(leaf, index, size, proof, roots[size - 1]!),
        ];
        if (accepted.join() !== 'true,false,false,false,false,false')
          wrong.push(`${index} of ${size}: ${accepted.join()}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('proves each beginning, and no other', () => {
    const wrong: string[] = [];
    for (let size = 1; size <= MAX; size++) {
      for (let from = 1; from <= size; from++) {
        const proof = planConsistency(from, size).build(read);
        const [old, root] = [roots[from]!, roots[size]!];
        const accepted = [
          verifyConsistency(from, size, proof, old, root),
          verifyConsistency(from, size, [...proof, EMPTY_ROOT], old, root),
          proof.length > 0 && verifyConsistency(from, size, proof.slice(1), old, root),
          verifyConsistency(from, size, proof, old, leaves[0]!) && from !== 1 && size !== 1,
          verifyConsistency(from, size, proof, EMPTY_ROOT, root),
        ];
        if (accepted.join() !== 'true,false,false,false,false') wrong.push(`${from} of ${size}: ${accepted.join()}`);
      }
      if (!verifyConsistency(0, size, [], EMPTY_ROOT, roots[size]!)) wrong.push(`0 of ${size}`);
      if (verifyConsistency(0, size, [], leaves[0]!, roots[size]!)) wrong.push(`0 of ${size} with leaves`);
    }
    expect(wrong).toEqual([]);
  });

  it('subtrees every range with complete subtrees of its own', () => {
    const wrong: string[] = [];
    for (let to = 0; to <= MAX; to++) {
      for (let from = 0; from <= to; from++) {
        let next = from;
        const inOrder = coveringSubtrees(from, to).every(({ level, index }) => {
          const fits = index * 2 ** level === next;
          next += 2 ** level;
          return fits;
        });
        if (!inOrder || next !== to) wrong.push(`${from} to ${to}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('grows by whole subtrees where the leaves themselves are gone', () => {
    for (const from of [0, 1, 7, 64, 100]) {
      const small = grown(leaves.slice(0, from));
      for (const node of coveringSubtrees(from, MAX)) small.appendSubtree(node.level, read({ ...node }));
      expect(small.root()).toEqual(roots[MAX]);
    }
    expect(() => grown(leaves.slice(0, 3)).appendSubtree(1, EMPTY_ROOT)).toThrow('level 1');
  });
});

it('plans a proof for a tree beyond 32 bits', () => {
  const plan = planInclusion(2 ** 40 + 5, 2 ** 40 + 6);
  expect(plan.nodes.every(({ level, index }) => (index + 1) * 2 ** level <= 2 ** 40 + 6)).toBe(true);
  expect(plan.nodes).toContainEqual({ level: 40, index: 0 });
});
