import type { Sql } from '../../platform/database/database.js';

export async function findPrivacyKey(sql: Sql, tenantId: string): Promise<Buffer | null> {
  const { rows } = await sql.query<{ key: Buffer }>(
    '/* privacyKeys.find */ select key from privacy_keys where tenant_id = $1',
    [tenantId],
  );
  return rows[0]?.key ?? null;
}

/** Another process may have been first: then its key stays. */
export async function insertPrivacyKey(sql: Sql, tenantId: string, key: Buffer): Promise<void> {
  await sql.query(
    '/* privacyKeys.insert */ insert into privacy_keys (tenant_id, key) values ($1, $2) on conflict do nothing',
    [tenantId, key],
  );
}
