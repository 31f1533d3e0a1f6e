import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';
import type { ActTerms } from './evidence.js';
import { nodeHash, type NodeRef, TreeFrontier } from './merkle-tree.js';

/** Levels that are stored; a node between two of them is computed from at most eight below. */
const LEVEL_STEP = 4;
const HASH_BYTES = 32;

export type LeafKind = 'entry' | ActTerms['kind'];

export interface PendingLeaf {
  tenantId: string;
  entryId: string;
  hash: Buffer;
}

export interface NewLeaf {
  kind: LeafKind;
  entryId: string | null;
  /** The id of an act. */
  actId: string | null;
  hash: Buffer;
  /** Bytes of a leaf that no entry holds. */
  leaf: Buffer | null;
}

export interface Append {
  tree: LockedTree;
  leaves: readonly NewLeaf[];
}

/** A tree locked until the end of the transaction. */
export interface LockedTree {
  tenantId: string;
  size: number;
  peaks: Buffer[];
  signedSize: number;
  /** The time of recording that the next entry is compared with, in milliseconds. */
  recordedUntil: number | null;
}

export interface SignedCheckpoint {
  tenantId: string;
  size: number;
  root: Buffer;
  note: string;
  publicKey: string;
}

/** Tenants with waiting entries, one step along the primary key each, however many entries wait. */
const LIST_WAITING = `/* auditTree.listWaiting */
with recursive waiting (tenant_id) as (
  (select tenant_id from audit_unsealed order by tenant_id limit 1)
  union all
  select (select u.tenant_id from audit_unsealed u where u.tenant_id > w.tenant_id order by u.tenant_id limit 1)
  from waiting w where w.tenant_id is not null)
select tenant_id from waiting where tenant_id is not null
union select tenant_id from audit_trees where tree_size > signed_size limit $1`;

const LOCK = `/* auditTree.lock */
select tenant_id, tree_size::float8, peaks, signed_size::float8, extract(epoch from recorded_until)::float8 * 1000 as until
from audit_trees
where tenant_id = any($1::uuid[]) order by tenant_id for update`;

const TAKE = `/* auditTree.take */
delete from audit_unsealed u
using unnest($1::uuid[]) as t (tenant_id),
  lateral (select entry_id from audit_unsealed w where w.tenant_id = t.tenant_id order by entry_id limit $2) picked
where u.tenant_id = t.tenant_id and u.entry_id = picked.entry_id
returning u.tenant_id, u.entry_id, u.leaf_hash`;

interface TreeRow {
  tenant_id: string;
  tree_size: number;
  peaks: Buffer;
  signed_size: number;
  until: number | null;
}

/** The only writer of the tree's tables. */
@Injectable()
export class AuditTreeRepository {
  /** Until the end of the transaction, this process is the one that seals. */
  async becomeSealer(sql: Sql): Promise<boolean> {
    const { rows } = await sql.query<{ won: boolean }>(
      `/* auditTree.becomeSealer */ select pg_try_advisory_xact_lock(hashtext('tidemark.sealer')) as won`,
    );
    return rows[0]?.won === true;
  }

  async listWaiting(sql: Sql, limit: number): Promise<string[]> {
    const { rows } = await sql.query<{ tenant_id: string }>(LIST_WAITING, [limit]);
    return rows.map((row) => row.tenant_id);
  }

  /** Only the holder of a tree's lock appends to it. */
  async lock(sql: Sql, tenantIds: readonly string[]): Promise<LockedTree[]> {
    await sql.query(
      `/* auditTree.create */ insert into audit_trees (tenant_id)
       select id from unnest($1::uuid[]) as id order by id on conflict do nothing`,
      [tenantIds],
    );
    const { rows } = await sql.query<TreeRow>(LOCK, [tenantIds]);
    return rows.map((row) => ({
      tenantId: row.tenant_id,
      size: row.tree_size,
      peaks: split(row.peaks),
      signedSize: row.signed_size,
      recordedUntil: row.until === null ? null : Math.round(row.until),
    }));
  }

  /** Takes up to `limit` waiting entries of each tenant out of the queue; their trees must be locked. */
  async take(sql: Sql, tenantIds: readonly string[], limit: number): Promise<PendingLeaf[]> {
    const { rows } = await sql.query<{ tenant_id: string; entry_id: string; leaf_hash: Buffer }>(TAKE, [
      tenantIds,
      limit,
    ]);
    return rows.map((row) => ({ tenantId: row.tenant_id, entryId: row.entry_id, hash: row.leaf_hash }));
  }

  /** Appends leaves to locked trees, all in three statements. @returns the trees as they are now */
  async append(sql: Sql, appends: readonly Append[]): Promise<LockedTree[]> {
    const grown = appends.map(({ tree, leaves }) => grow(tree, leaves));
    const leaves = grown.flatMap(({ tree, added }) => added.map((leaf) => ({ tenantId: tree.tenantId, ...leaf })));
    if (leaves.length === 0) return grown.map(({ tree }) => tree);
    const nodes = grown.flatMap(({ tree, nodes }) => nodes.map((node) => ({ tenantId: tree.tenantId, ...node })));
    await sql.query(
      `/* auditTree.insertLeaves */ insert into audit_leaves (tenant_id, leaf_index, kind, entry_id, leaf_hash, leaf, act_id)
       select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[], $5::bytea[], $6::bytea[], $7::uuid[])`,
      [
        leaves.map((leaf) => leaf.tenantId),
        leaves.map((leaf) => leaf.index),
        leaves.map((leaf) => leaf.kind),
        leaves.map((leaf) => leaf.entryId),
        leaves.map((leaf) => leaf.hash),
        leaves.map((leaf) => leaf.leaf),
        leaves.map((leaf) => leaf.actId),
      ],
    );
    await sql.query(
      `/* auditTree.insertNodes */ insert into audit_nodes (tenant_id, level, node_index, hash)
       select * from unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::bytea[])`,
      [
        nodes.map((node) => node.tenantId),
        nodes.map((node) => node.level),
        nodes.map((node) => node.index),
        nodes.map((node) => node.hash),
      ],
    );
    await sql.query(
      `/* auditTree.grow */ update audit_trees t
       set tree_size = g.size, peaks = g.peaks, recorded_until = to_timestamp(g.until / 1000)
       from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::float8[]) as g (tenant_id, size, peaks, until)
       where t.tenant_id = g.tenant_id`,
      [
        grown.map(({ tree }) => tree.tenantId),
        grown.map(({ tree }) => tree.size),
        grown.map(({ tree }) => Buffer.concat(tree.peaks)),
        grown.map(({ tree }) => tree.recordedUntil),
      ],
    );
    return grown.map(({ tree }) => tree);
  }

  async insertCheckpoints(sql: Sql, checkpoints: readonly SignedCheckpoint[]): Promise<void> {
    await sql.query(
      `/* auditTree.insertCheckpoints */
       with signed as (
         update audit_trees t set signed_size = c.size
         from unnest($1::uuid[], $2::bigint[]) as c (tenant_id, size) where t.tenant_id = c.tenant_id)
       insert into audit_checkpoints (tenant_id, hour, tree_size, root_hash, note, public_key)
       select tenant_id, date_trunc('hour', now(), 'UTC'), size, root, note, public_key
       from unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[], $5::text[]) as c (tenant_id, size, root, note, public_key)
       on conflict (tenant_id, hour) do update
       set tree_size = excluded.tree_size, root_hash = excluded.root_hash, note = excluded.note,
           public_key = excluded.public_key, signed_at = now()`,
      [
        checkpoints.map((checkpoint) => checkpoint.tenantId),
        checkpoints.map((checkpoint) => checkpoint.size),
        checkpoints.map((checkpoint) => checkpoint.root),
        checkpoints.map((checkpoint) => checkpoint.note),
        checkpoints.map((checkpoint) => checkpoint.publicKey),
      ],
    );
  }

  async findCheckpoint(sql: Sql, tenantId: string): Promise<SignedCheckpoint | null> {
    const { rows } = await sql.query<{ size: number; root_hash: Buffer; note: string; public_key: string }>(
      `/* auditTree.findCheckpoint */ select tree_size::float8 as size, root_hash, note, public_key
       from audit_checkpoints where tenant_id = $1 order by tree_size desc limit 1`,
      [tenantId],
    );
    const row = rows[0];
    if (row === undefined) return null;
    return { tenantId, size: row.size, root: row.root_hash, note: row.note, publicKey: row.public_key };
  }

  /**
   * The hashes of complete subtrees, by {@link nodeKey}, in one query. The limits tell the planner how few rows a range
   * has: otherwise it would estimate a third of the tree, and read all of it.
   */
  async readNodes(sql: Sql, tenantId: string, nodes: readonly NodeRef[]): Promise<Map<string, Buffer>> {
    const stored = nodes.map(({ level, index }) => {
      const depth = level % LEVEL_STEP;
      return { level: level - depth, from: index * 2 ** depth, to: (index + 1) * 2 ** depth };
    });
    const { rows } = await sql.query<{ n: number; hash: Buffer }>(
      `/* auditTree.readNodes */
       with asked as (select * from unnest($2::smallint[], $3::bigint[], $4::bigint[]) with ordinality as a (level, first, last, n))
       select n::int, place, hash from (
         select n, place, hash from asked, lateral (
           select leaf_index as place, leaf_hash as hash from audit_leaves
           where tenant_id = $1 and leaf_index >= first and leaf_index < last
           order by leaf_index limit ${2 ** (LEVEL_STEP - 1)}) l where asked.level = 0
         union all
         select n, place, hash from asked, lateral (
           select node_index as place, o.hash from audit_nodes o
           where tenant_id = $1 and o.level = asked.level and node_index >= first and node_index < last
           order by node_index limit ${2 ** (LEVEL_STEP - 1)}) o where asked.level > 0) found
       order by n, place`,
      [tenantId, stored.map((s) => s.level), stored.map((s) => s.from), stored.map((s) => s.to)],
    );
    const groups = nodes.map((): Buffer[] => []);
    for (const row of rows) groups[row.n - 1]?.push(row.hash);
    return new Map(
      nodes.map((node, n) => [nodeKey(node), foldComplete(groups[n] ?? [], 2 ** (node.level % LEVEL_STEP), node)]),
    );
  }
}

function grow(tree: LockedTree, leaves: readonly NewLeaf[]) {
  const nodes: (NodeRef & { hash: Buffer })[] = [];
  const frontier = TreeFrontier.restore(tree.size, tree.peaks, (node, hash) => {
    if (node.level % LEVEL_STEP === 0) nodes.push({ ...node, hash });
  });
  const added = leaves.map((leaf) => {
    const index = frontier.size;
    frontier.append(leaf.hash);
    return { ...leaf, index };
  });
  return { tree: { ...tree, size: frontier.size, peaks: frontier.hashes }, added, nodes };
}

export const nodeKey = ({ level, index }: NodeRef) => `${level}/${index}`;

/** The root of a complete subtree from `width` hashes below it. */
function foldComplete(hashes: Buffer[], width: number, node: NodeRef): Buffer {
  if (hashes.length !== width) throw new Error(`the audit tree lacks hashes below node ${nodeKey(node)}`);
  let row = hashes;
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, n) => nodeHash(row[2 * n]!, row[2 * n + 1]!));
  }
  return row[0]!;
}

function split(peaks: Buffer): Buffer[] {
  return Array.from({ length: peaks.length / HASH_BYTES }, (_, n) =>
    peaks.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES),
  );
}
