import { Injectable } from '@nestjs/common';
import { createHmac, randomBytes } from 'node:crypto';
import { Database, type Sql } from '../../platform/database/database.js';

const KEY_BYTES = 32;

/**
 * What stands for a subject in leaves and receipts: HMAC-SHA256 under a random key of the tenant. Callers that may ask
 * for erasures can find out which one was about whom. The leaf alone tells nobody, and values of two tenants cannot be
 * compared.
 */
@Injectable()
export class SubjectHmac {
  constructor(private readonly database: Database) {}

  /** Makes the key of the tenant if there is none yet. */
  async of(tenantId: string, userId: string): Promise<string> {
    const key =
      (await this.database.readInTenant(tenantId, (sql) => findKey(sql, tenantId))) ?? (await this.makeKey(tenantId));
    return hmac(key, userId);
  }

  /** Without making a key: null where no erasure of the tenant was ever asked for. */
  async find(sql: Sql, tenantId: string, userId: string): Promise<string | null> {
    const key = await findKey(sql, tenantId);
    return key === null ? null : hmac(key, userId);
  }

  private makeKey(tenantId: string): Promise<Buffer> {
    return this.database.inTenant(tenantId, async (sql) => {
      await sql.query(
        '/* privacyKeys.insert */ insert into privacy_keys (tenant_id, key) values ($1, $2) on conflict do nothing',
        [tenantId, randomBytes(KEY_BYTES)],
      );
      const key = await findKey(sql, tenantId);
      if (key === null) throw new Error(`the privacy key of tenant ${tenantId} is gone`);
      return key;
    });
  }
}

async function findKey(sql: Sql, tenantId: string): Promise<Buffer | null> {
  const { rows } = await sql.query<{ key: Buffer }>(
    '/* privacyKeys.find */ select key from privacy_keys where tenant_id = $1',
    [tenantId],
  );
  return rows[0]?.key ?? null;
}

const hmac = (key: Buffer, userId: string): string => createHmac('sha256', key).update(userId).digest('hex');
