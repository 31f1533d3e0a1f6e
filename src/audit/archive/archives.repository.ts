import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';
import { type TimeRange, toIso } from '../../platform/time/time.js';
import type { ArchiveState } from './archive.entity.js';
import {
  BEGIN,
  ENSURE_PARTITION,
  FIND_BY_HASH,
  FIND_BY_NAME,
  FIND_THERE,
  FIND_UNARCHIVED,
  FORGET,
  HOLD,
  LIST,
  LIST_LEFT_OVER,
  LIST_OUTDATED,
  LIST_OVERLAPPING,
  LIST_PRESENT,
  RENEW,
  REPLACE,
  RESTORE,
  STORE,
  UNQUEUE,
} from './archives-sql.js';

/** A file of the store. Times and hashes are null until it is stored. */
export interface Archive {
  tenantId: string;
  id: string;
  /** `2026-11`: when its entries were recorded, in UTC. */
  month: string;
  state: ArchiveState;
  file: string;
  firstId: string;
  lastId: string;
  entries: number;
  /** Of its leaf indexes. */
  ranges: [from: number, to: number][];
  occurredFrom: Date | null;
  occurredTo: Date | null;
  treeSize: number | null;
  rootHash: Buffer | null;
  sha256: Buffer | null;
  bytes: number | null;
  createdAt: Date;
}

/** What a file will hold. */
export interface ArchivePlan {
  tenantId: string;
  id: string;
  month: string;
  file: string;
  firstId: string;
  lastId: string;
  entries: number;
  ranges: [from: number, to: number][];
}

/** What is known of it once it is written and read back. */
export interface WrittenArchive {
  occurredFrom: string;
  occurredTo: string;
  treeSize: number;
  rootHash: Buffer;
  sha256: Buffer;
  bytes: number;
}

/** Its ranges as PostgreSQL writes a multirange. */
type Row = Omit<Archive, 'ranges'> & { leaves: string };

/** The only writer of the index of archives, and of entries that come back from one. */
@Injectable()
export class ArchivesRepository {
  constructor(private readonly database: Database) {}

  async findUnarchived(tenantId: string, olderThan: Date, limit: number): Promise<{ id: string; leafIndex: number }[]> {
    const { rows } = await this.database.system.query<{ id: string; leafIndex: number }>(FIND_UNARCHIVED, [
      tenantId,
      olderThan,
      limit,
    ]);
    return rows;
  }

  /** @returns false while another process writes an archive of the tenant */
  async begin(plan: ArchivePlan): Promise<boolean> {
    const { rowCount } = await this.database.system.query(BEGIN, [
      plan.tenantId,
      plan.id,
      `${plan.month}-01`,
      plan.file,
      plan.firstId,
      plan.lastId,
      toMultirange(plan.ranges),
      plan.entries,
    ]);
    return rowCount === 1;
  }

  async renew({ tenantId, id }: ArchivePlan): Promise<void> {
    await this.database.system.query(RENEW, [tenantId, id]);
  }

  /** @throws where another process has taken over */
  store({ tenantId, id }: ArchivePlan, written: WrittenArchive, replaced: Archive | null): Promise<Archive> {
    return this.database.inSystem(async (sql) => {
      if (replaced !== null) await sql.query(REPLACE, [tenantId, replaced.id]);
      const { occurredFrom, occurredTo, treeSize, rootHash, sha256, bytes } = written;
      const values = [tenantId, id, occurredFrom, occurredTo, treeSize, rootHash, sha256, bytes];
      const { rows } = await sql.query<Row>(STORE, values);
      if (rows[0] === undefined) throw new Error(`the archive ${id} was taken over by another process`);
      return toArchive(rows[0]);
    });
  }

  listLeftOver(tenantId: string): Promise<Archive[]> {
    return this.list(LIST_LEFT_OVER, [tenantId]);
  }

  async forget({ tenantId, id }: Pick<Archive, 'tenantId' | 'id'>): Promise<void> {
    await this.database.system.query(FORGET, [tenantId, id]);
  }

  listPresent(tenantId: string, olderThan: Date): Promise<Archive[]> {
    return this.list(LIST_PRESENT, [tenantId, olderThan]);
  }

  listOutdated(tenantId: string): Promise<Archive[]> {
    return this.list(LIST_OUTDATED, [tenantId, null]);
  }

  /** This one, when an erasure has outdated it. */
  async findOutdated({ tenantId, id }: Archive): Promise<Archive | null> {
    return (await this.list(LIST_OUTDATED, [tenantId, id]))[0] ?? null;
  }

  /** Newest first, from the one before `before`. */
  listPage(tenantId: string, limit: number, before: string | null = null): Promise<Archive[]> {
    return this.listInTenant(tenantId, LIST, [tenantId, before, limit]);
  }

  listAll(tenantId: string): Promise<Archive[]> {
    return this.list(LIST, [tenantId, null, null]);
  }

  listOverlapping(tenantId: string, { from, to }: TimeRange): Promise<Archive[]> {
    return this.listInTenant(tenantId, LIST_OVERLAPPING, [tenantId, toIso(from), toIso(to)]);
  }

  async findByHash(sha256: Buffer): Promise<Archive | null> {
    return (await this.list(FIND_BY_HASH, [sha256]))[0] ?? null;
  }

  async findByName(name: string): Promise<Archive | null> {
    return (await this.list(FIND_BY_NAME, [name]))[0] ?? null;
  }

  /** Those of `ids` that are in the table. */
  async findThere(tenantId: string, ids: readonly string[]): Promise<Set<string>> {
    return this.database.readInTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<{ id: string }>(FIND_THERE, [tenantId, ids]);
      return new Set(rows.map(({ id }) => id));
    });
  }

  async ensurePartition(month: string): Promise<void> {
    await this.database.system.query(ENSURE_PARTITION, [`${month}-01T00:00:00Z`]);
  }

  /**
   * Puts entries back; those that are there stay as they are.
   * @param rows as jsonb_populate_recordset() reads them
   * @param rows JSON of {@link toRow} each
   * @returns how many came back
   * @throws where an entry is not what its leaf says, or the archive was replaced meanwhile
   */
  restore({ tenantId, id }: Archive, rows: readonly string[], until: Date): Promise<number> {
    return this.database.inSystem(async (sql) => {
      await this.hold(sql, tenantId, id);
      const { rows: results } = await sql.query<{ proven: number; restored: string[] }>(RESTORE, [
        tenantId,
        `[${rows.join(',')}]`,
        until,
      ]);
      const { proven, restored } = results[0]!;
      if (proven !== rows.length) throw new Error('The archive holds an entry that is not in the tree of the tenant.');
      await sql.query(UNQUEUE, [tenantId, restored]);
      return restored.length;
    });
  }

  private async hold(sql: Sql, tenantId: string, id: string): Promise<void> {
    const { rows } = await sql.query(HOLD, [tenantId, id]);
    if (rows.length === 0)
      throw new Error('The archive was replaced meanwhile, after an erasure. Restore the new one.');
  }

  private listInTenant(tenantId: string, text: string, values: readonly unknown[]): Promise<Archive[]> {
    return this.database.readInTenant(tenantId, async (sql) =>
      (await sql.query<Row>(text, values)).rows.map(toArchive),
    );
  }

  private async list(text: string, values: readonly unknown[]): Promise<Archive[]> {
    return (await this.database.system.query<Row>(text, [...values])).rows.map(toArchive);
  }
}

const toArchive = ({ leaves, ...archive }: Row): Archive => ({ ...archive, ranges: parseMultirange(leaves) });

/** `{[0,5),[7,9)}` → [[0, 5], [7, 9]] */
const parseMultirange = (text: string): [number, number][] =>
  [...text.matchAll(/\[(\d+),(\d+)\)/g)].map(([, from, to]): [number, number] => [Number(from), Number(to)]);

const toMultirange = (ranges: readonly (readonly [number, number])[]): string =>
  `{${ranges.map(([from, to]) => `[${from},${to})`).join(',')}}`;
