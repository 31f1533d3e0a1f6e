import { uuid7 } from '../../platform/database/uuid7.js';
import type { LockedTree, NewLeaf } from './audit-tree.repository.js';
import { canonicalJson } from './canonical-json.js';
import type { ActTerms } from './evidence.js';
import { toMicroseconds } from '../../platform/time/time.js';
import { leafHash } from './leaf.js';
import { foldPeaks } from './merkle-tree.js';

/** The leaf of an act about the leaves of `ranges`, to be the next one of `tree`. */
export function actLeaf(tree: LockedTree, terms: ActTerms, ranges: readonly (readonly [number, number])[]): NewLeaf {
  const actId = uuid7();
  const leaf = {
    v: 2,
    ...terms,
    id: actId,
    at: toMicroseconds(Date.now()),
    tenant_id: tree.tenantId,
    ranges: ranges.map(([from, to]) => [from, to]),
    count: ranges.reduce((sum, [from, to]) => sum + to - from, 0),
    tree_size: tree.size,
    root_hash: foldPeaks(tree.peaks).toString('base64'),
  };
  const bytes = Buffer.from(canonicalJson(leaf), 'utf8');
  return { kind: terms.kind, entryId: null, actId, hash: leafHash(bytes), leaf: bytes };
}
