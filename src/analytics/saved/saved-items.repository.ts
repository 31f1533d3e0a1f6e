import { Database, type Sql } from '../../platform/database/database.js';
import { writeJson } from '../../platform/json/json-text.js';

export interface SavedItem {
  id: string;
  name: string;
  created_at: Date;
}

interface Kind<Content extends string> {
  table: string;
  /** The column of JSON that is kept under the name. */
  content: Content;
  columns: string;
  /** Most of a tenant; the list is short enough to be read whole, and is still answered as a page. */
  most: number;
}

/** What a tenant keeps under a name: JSON of one kind, in a table of its own. */
export abstract class SavedItemsRepository<Content extends string, Item extends SavedItem & Record<Content, object>> {
  protected constructor(
    protected readonly database: Database,
    private readonly kind: Kind<Content>,
  ) {}

  /**
   * @param alsoIn runs in the transaction that inserts
   * @returns null when the tenant has as many as allowed
   */
  async insert(
    tenantId: string,
    item: Pick<Item, 'id' | 'name' | Content>,
    alsoIn: (sql: Sql, inserted: Item) => Promise<void>,
  ): Promise<Item | null> {
    const { table, content, columns, most } = this.kind;
    return this.database.inTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<Item>(
        `/* ${table}.insert */
         insert into ${table} (tenant_id, id, name, ${content})
         select $1, $2, $3, $4 where (select count(*) from ${table} where tenant_id = $1) < $5
         returning ${columns}`,
        [tenantId, item.id, item.name, writeJson(item[content]), most],
      );
      const [inserted] = rows;
      if (inserted === undefined) return null;
      await alsoIn(sql, inserted);
      return inserted;
    });
  }

  /** Newest first, below the id `before`. */
  async list(tenantId: string, limit: number, before?: string): Promise<Item[]> {
    return this.database.readInTenant(tenantId, (sql) => this.listIn(sql, tenantId, limit, before));
  }

  /** {@link list} in a transaction that the caller has. */
  async listIn(sql: Sql, tenantId: string, limit: number, before?: string): Promise<Item[]> {
    const { table, columns } = this.kind;
    const { rows } = await sql.query<Item>(
      `/* ${table}.list */
       select ${columns} from ${table}
       where tenant_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3`,
      [tenantId, before ?? null, limit],
    );
    return rows;
  }

  async find(tenantId: string, id: string): Promise<Item | null> {
    return this.database.readInTenant(tenantId, (sql) => this.select(sql, tenantId, id));
  }

  /**
   * @param alsoIn runs in the transaction that deletes; what it throws keeps the item
   * @returns whether there was one
   */
  async delete(tenantId: string, id: string, alsoIn: (sql: Sql, deleted: Item) => Promise<void>): Promise<boolean> {
    const { table, columns } = this.kind;
    return this.database.inTenant(tenantId, async (sql) => {
      const { rows } = await sql.query<Item>(
        `/* ${table}.delete */ delete from ${table} where tenant_id = $1 and id = $2 returning ${columns}`,
        [tenantId, id],
      );
      const [deleted] = rows;
      if (deleted === undefined) return false;
      await alsoIn(sql, deleted);
      return true;
    });
  }

  protected async select(sql: Sql, tenantId: string, id: string, lock: '' | 'for update' = ''): Promise<Item | null> {
    const { table, columns } = this.kind;
    const { rows } = await sql.query<Item>(
      `/* ${table}.find */ select ${columns} from ${table} where tenant_id = $1 and id = $2 ${lock}`,
      [tenantId, id],
    );
    return rows[0] ?? null;
  }
}
