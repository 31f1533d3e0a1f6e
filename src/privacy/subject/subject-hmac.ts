import { Injectable } from '@nestjs/common';
import { createHmac, randomBytes } from 'node:crypto';
import { Database, type Sql } from '../../platform/database/database.js';
import { findPrivacyKey, insertPrivacyKey } from './privacy-keys.repository.js';

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
      (await this.database.readInTenant(tenantId, (sql) => findPrivacyKey(sql, tenantId))) ??
      (await this.makeKey(tenantId));
    return hmac(key, userId);
  }

  /** Without making a key: null where no erasure of the tenant was ever asked for. */
  async find(sql: Sql, tenantId: string, userId: string): Promise<string | null> {
    const key = await findPrivacyKey(sql, tenantId);
    return key === null ? null : hmac(key, userId);
  }

  private makeKey(tenantId: string): Promise<Buffer> {
    return this.database.inTenant(tenantId, async (sql) => {
      await insertPrivacyKey(sql, tenantId, randomBytes(KEY_BYTES));
      const key = await findPrivacyKey(sql, tenantId);
      if (key === null) throw new Error(`the privacy key of tenant ${tenantId} is gone`);
      return key;
    });
  }
}

const hmac = (key: Buffer, userId: string): string => createHmac('sha256', key).update(userId).digest('hex');
