import type pg from 'pg';
import { TreeFrontier } from '../audit/transparency-log/merkle-tree.js';
import { COUNT_STRAY_ENTRIES, FIND_TREE, LIST_CHECKPOINTS, LIST_LEAVES } from './cells-sql.js';
import { TenantFileRefused } from './tenant-file.js';

const LEAVES_PER_READ = 10_000;

/**
 * Builds the audit tree of a tenant from its leaves: it must have the signed root at every checkpoint, and every entry
 * must be what its leaf says.
 * @returns the size of the tree
 * @throws TenantFileRefused
 */
export async function checkTree(client: pg.Client, tenantId: string): Promise<number> {
  const { rows: trees } = await client.query<{ size: number; peaks: Buffer }>(FIND_TREE, [tenantId]);
  const { rows: checkpoints } = await client.query<{ size: number; root: Buffer }>(LIST_CHECKPOINTS, [tenantId]);
  const frontier = new TreeFrontier();
  const compare = () => {
    while (checkpoints[0]?.size === frontier.size) {
      if (!checkpoints.shift()!.root.equals(frontier.root())) refuse(`the root at leaf ${frontier.size}`);
    }
  };
  compare();
  for await (const { index, hash } of leavesOf(client, tenantId)) {
    if (index !== frontier.size) refuse(`leaf ${frontier.size}`);
    frontier.append(hash);
    compare();
  }
  const tree = trees[0] ?? { size: 0, peaks: Buffer.alloc(0) };
  if (checkpoints.length > 0 || tree.size !== frontier.size) refuse(`leaf ${frontier.size}`);
  if (!tree.peaks.equals(Buffer.concat(frontier.hashes))) refuse('the root');
  const { rows: stray } = await client.query<{ count: number }>(COUNT_STRAY_ENTRIES, [tenantId]);
  if (stray[0]?.count !== 0) refuse(`${stray[0]?.count} entries, which are not what their leaves say`);
  return frontier.size;
}

async function* leavesOf(client: pg.Client, tenantId: string): AsyncGenerator<{ index: number; hash: Buffer }> {
  for (let next = 0; ;) {
    const values = [tenantId, next, LEAVES_PER_READ];
    const { rows } = await client.query<{ index: number; hash: Buffer }>(LIST_LEAVES, values);
    yield* rows;
    if (rows.length < LEAVES_PER_READ) return;
    next = rows.at(-1)!.index + 1;
  }
}

function refuse(what: string): never {
  throw new TenantFileRefused(
    `Nothing was imported: the audit tree of the file does not verify at ${what}. Export the tenant again.`,
  );
}
