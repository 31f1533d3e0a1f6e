import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, LessThan, type Repository } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import type { NewEntry } from '../audit/entries/entry.js';
import { AuditEntryWriter } from '../audit/entries/entry-writer.js';
import { SET_TENANT } from '../platform/database/server-sql.js';
import { sqlOf } from '../platform/database/typeorm-sql.js';
import { ApiKey } from './api-key.entity.js';

/** What a caller may change of a key. */
export type KeyChange = Partial<
  Pick<ApiKey, 'isActive' | 'name' | 'scopes' | 'rateLimit' | 'rateWindowSeconds' | 'eventLimit' | 'expiresAt'>
>;

/**
 * Authentication reads keys of all tenants; everything else runs inside one tenant, under a role and row-level security
 * that show no other.
 */
@Injectable()
export class KeysRepository {
  constructor(
    @InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>,
    private readonly audit: AuditEntryWriter,
  ) {}

  async insert(key: QueryDeepPartialEntity<ApiKey> & { tenantId: string }, record: NewEntry): Promise<void> {
    await this.change(key.tenantId, record, (keys) => keys.insert(key));
  }

  /** Newest first, below the id `before`. */
  async list(tenantId: string, limit: number, before?: string): Promise<ApiKey[]> {
    return this.inTenant(tenantId, (keys) =>
      keys.find({
        where: { tenantId, ...(before === undefined ? {} : { id: LessThan(before) }) },
        order: { id: 'desc' },
        take: limit,
      }),
    );
  }

  async find(tenantId: string, id: string): Promise<ApiKey | null> {
    return this.inTenant(tenantId, (keys) => keys.findOneBy({ tenantId, id }));
  }

  async update(tenantId: string, id: string, change: KeyChange, record: NewEntry): Promise<void> {
    await this.change(tenantId, record, (keys) => keys.update({ tenantId, id }, change));
  }

  async delete(tenantId: string, id: string, record: NewEntry): Promise<void> {
    await this.change(tenantId, record, (keys) => keys.delete({ tenantId, id }));
  }

  /** Inserts `replacement` and lets the old key live until `expiresAt`, both or neither. */
  async replace(
    old: ApiKey,
    expiresAt: Date,
    replacement: QueryDeepPartialEntity<ApiKey>,
    record: NewEntry,
  ): Promise<void> {
    await this.change(old.tenantId, record, async (keys) => {
      await keys.insert(replacement);
      await keys.update({ tenantId: old.tenantId, id: old.id }, { expiresAt });
    });
  }

  /** Keys with their tenants, of any tenant; what does not exist is absent. */
  async listByPrefix(prefixes: readonly string[]): Promise<ApiKey[]> {
    return this.keys.find({ where: { prefix: In([...prefixes]) }, relations: { tenant: true } });
  }

  async listById(ids: readonly string[]): Promise<ApiKey[]> {
    return this.keys.find({ where: { id: In([...ids]) }, relations: { tenant: true } });
  }

  /** Notes the use of keys, at most once a minute for each. */
  async touch(ids: readonly string[]): Promise<void> {
    await this.keys.query(
      `/* keys.touch */ update api_keys set last_used_at = now()
       where id = any($1) and (last_used_at is null or last_used_at < now() - interval '1 minute')`,
      [ids],
    );
  }

  /** A change and its entry in the audit trail: both or neither. */
  private async change(
    tenantId: string,
    record: NewEntry,
    work: (keys: Repository<ApiKey>) => Promise<unknown>,
  ): Promise<void> {
    await this.inTenant(tenantId, async (keys) => {
      await work(keys);
      await this.audit.append(sqlOf(keys.manager), [record]);
    });
  }

  private inTenant<T>(tenantId: string, work: (keys: Repository<ApiKey>) => Promise<T>): Promise<T> {
    return this.keys.manager.transaction(async (manager) => {
      await manager.query('set local role tidemark_app');
      await manager.query(SET_TENANT, [tenantId]);
      return work(manager.getRepository(ApiKey));
    });
  }
}
