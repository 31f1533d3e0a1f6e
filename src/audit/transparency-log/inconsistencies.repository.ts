import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.js';

/** Trees that do not fit their newest checkpoint. */
@Injectable()
export class InconsistenciesRepository {
  /** The next trees that have a checkpoint, in the order of their tenants. */
  async listTenants(sql: Sql, after: string | null, limit: number): Promise<string[]> {
    const { rows } = await sql.query<{ tenant_id: string }>(
      `/* inconsistencies.listTenants */
       select tenant_id from audit_trees where signed_size > 0 and ($1::uuid is null or tenant_id > $1)
       order by tenant_id limit $2`,
      [after, limit],
    );
    return rows.map((row) => row.tenant_id);
  }

  /** @param faults what is wrong with each of `tenantIds`, or null where nothing is */
  async record(sql: Sql, tenantIds: readonly string[], faults: readonly (string | null)[]): Promise<void> {
    await sql.query(
      `/* inconsistencies.record */
       with checked as (select * from unnest($1::uuid[], $2::text[]) as c (tenant_id, detail)), fits as (
         delete from audit_inconsistencies i using checked c where i.tenant_id = c.tenant_id and c.detail is null)
       insert into audit_inconsistencies (tenant_id, detail)
       select tenant_id, detail from checked where detail is not null order by tenant_id
       on conflict (tenant_id) do update set detail = excluded.detail`,
      [tenantIds, faults],
    );
  }
}
