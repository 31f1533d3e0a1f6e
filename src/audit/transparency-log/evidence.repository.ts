import type { Sql } from '../../platform/database/database.js';
import type { ActRow, LeafRow } from './evidence.js';

/** An entry or an act, whatever of it there is. */
export interface ProvableLeaf {
  leaf_index: number | null;
  leaf_hash: Buffer;
  leaf: Buffer | null;
  salts: Buffer | null;
}

export async function readLeaves(sql: Sql, tenantId: string, from: number, to: number): Promise<LeafRow[]> {
  const { rows } = await sql.query<LeafRow>(
    `/* evidence.readLeaves */ select leaf_index::float8, kind, entry_id, leaf_hash, leaf from audit_leaves
     where tenant_id = $1 and leaf_index >= $2 and leaf_index < $3 order by leaf_index`,
    [tenantId, from, to],
  );
  return rows;
}

/** Entries in the order of their ids, and whether a leaf stands for each. */
export async function listSealed(
  sql: Sql,
  tenantId: string,
  { after, until, limit }: { after: string; until: string; limit: number },
): Promise<{ id: string; sealed: boolean }[]> {
  const { rows } = await sql.query<{ id: string; sealed: boolean }>(
    `/* evidence.listSealed */
     select e.id, exists (select from audit_leaves l where l.tenant_id = $1 and l.entry_id = e.id) as sealed
     from (select id from audit_entries where tenant_id = $1 and id > $2 and id < uuid7_lower_bound($3)
           order by id limit $4) e order by e.id`,
    [tenantId, after, until, limit],
  );
  return rows;
}

/** Whether an entry from before `instant` waits for its leaf, or leaves for their signature. */
export async function isAnyWaiting(sql: Sql, tenantId: string, instant: string): Promise<boolean> {
  const { rows } = await sql.query<{ waiting: boolean }>(
    `/* evidence.isAnyWaiting */
     select exists (select from audit_unsealed where tenant_id = $1 and entry_id < uuid7_lower_bound($2))
         or exists (select from audit_trees where tenant_id = $1 and tree_size > signed_size) as waiting`,
    [tenantId, instant],
  );
  return rows[0]?.waiting === true;
}

export async function hasActFrom(sql: Sql, tenantId: string, index: number): Promise<boolean> {
  const { rows } = await sql.query(
    `/* evidence.hasActFrom */ select from audit_leaves
     where tenant_id = $1 and leaf_index >= $2 and kind <> 'entry' limit 1`,
    [tenantId, index],
  );
  return rows.length > 0;
}

/** Stored nodes of one chunk, and with the first chunk those above all chunks; only such as the checkpoint has. */
export async function readChunkNodes(
  sql: Sql,
  tenantId: string,
  { from, leaves }: { from: number; leaves: number },
  size: number,
): Promise<[number, number, string][]> {
  const { rows } = await sql.query<{ level: number; index: number; hash: Buffer }>(
    `/* evidence.readNodes */
     select n.level, n.node_index::float8 as index, n.hash
     from unnest(array[4, 8, 12]) as l (level), lateral (
       select level, node_index, hash from audit_nodes
       where tenant_id = $1 and level = l.level::smallint
         and node_index >= $2::bigint >> l.level and node_index < ($2::bigint + $4) >> l.level) n
     where (n.node_index + 1) << n.level <= $3
     union all
     select level, node_index::float8, hash from audit_nodes
     where tenant_id = $1 and level > 12 and $2 = 0 and (node_index + 1) << level <= $3`,
    [tenantId, from, size, leaves],
  );
  return rows.map(({ level, index, hash }): [number, number, string] => [level, index, hash.toString('base64')]);
}

export async function findActs(
  sql: Sql,
  tenantId: string,
  indexes: readonly number[],
  size: number,
): Promise<ActRow[]> {
  if (indexes.length === 0) return [];
  const { rows } = await sql.query<ActRow>(
    `/* evidence.findActs */ select leaf_index::float8, kind, leaf_hash, leaf from audit_leaves
     where tenant_id = $1 and leaf_index = any($2::bigint[]) and leaf_index < $3 order by leaf_index`,
    [tenantId, indexes, size],
  );
  return rows;
}

export async function findPlaces(
  sql: Sql,
  tenantId: string,
  ids: readonly string[],
  size: number,
): Promise<Map<string, number>> {
  const { rows } = await sql.query<{ entry_id: string; leaf_index: number }>(
    `/* evidence.findPlaces */ select entry_id, leaf_index::float8 from audit_leaves
     where tenant_id = $1 and entry_id = any($2::uuid[]) and leaf_index < $3`,
    [tenantId, ids, size],
  );
  return new Map(rows.map((row) => [row.entry_id, row.leaf_index]));
}

/** An entry is in the trail, or was and has left its leaf hash; an act is a leaf alone. */
export async function findProvable(sql: Sql, tenantId: string, id: string): Promise<ProvableLeaf | undefined> {
  const { rows } = await sql.query<ProvableLeaf>(
    `/* proofs.findLeaf */
     select l.leaf_index::float8, coalesce(l.leaf_hash, sha256('\\x00'::bytea || e.leaf)) as leaf_hash, e.leaf, e.salts
     from (select id, leaf, salts from audit_entries where tenant_id = $1 and id = $2) e
     full join (select entry_id, leaf_index, leaf_hash from audit_leaves where tenant_id = $1 and entry_id = $2) l
       on l.entry_id = e.id
     union all
     select leaf_index::float8, leaf_hash, leaf, null from audit_leaves where tenant_id = $1 and act_id = $2`,
    [tenantId, id],
  );
  return rows[0];
}
