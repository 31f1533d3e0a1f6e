import { Injectable } from '@nestjs/common';
import { Database, type Sql } from '../../platform/database/database.js';

export const POLICY_KINDS = ['events', 'audit'] as const;
export type PolicyKind = (typeof POLICY_KINDS)[number];

export interface Policy {
  kind: PolicyKind;
  /** Empty: all types that have no policy of their own. */
  event_type: string;
  days: number;
  updated_at: Date;
}

/** How long a tenant keeps what: its policies, by kind. */
export interface TenantPolicies {
  tenantId: string;
  policies: Pick<Policy, 'kind' | 'event_type' | 'days'>[];
}

const COLUMNS = 'kind, event_type, days, updated_at';

@Injectable()
export class PoliciesRepository {
  constructor(private readonly database: Database) {}

  list(tenantId: string): Promise<Policy[]> {
    return this.database.readInTenant(tenantId, (sql) => this.listIn(sql, tenantId));
  }

  async listIn(sql: Sql, tenantId: string): Promise<Policy[]> {
    const { rows } = await sql.query<Policy>(
      `/* policies.list */ select ${COLUMNS} from retention_policies where tenant_id = $1 order by kind, event_type`,
      [tenantId],
    );
    return rows;
  }

  /** Sets days, or with null lets the setting count again. How far retention has come is forgotten. */
  async set(sql: Sql, tenantId: string, kind: PolicyKind, eventType: string, days: number | null): Promise<void> {
    const key = [tenantId, kind, eventType];
    if (days === null) {
      await sql.query(
        '/* policies.delete */ delete from retention_policies where tenant_id = $1 and kind = $2 and event_type = $3',
        key,
      );
    } else {
      await sql.query(
        `/* policies.set */ insert into retention_policies (tenant_id, kind, event_type, days) values ($1, $2, $3, $4)
         on conflict (tenant_id, kind, event_type) do update set days = excluded.days, updated_at = now()`,
        [...key, days],
      );
    }
    await forgetMarks(sql, tenantId);
  }

  /** Days that a tenant keeps its audit entries by a policy of its own, or null. */
  async findAuditDays(tenantId: string): Promise<number | null> {
    const own = (await this.list(tenantId)).find(({ kind }) => kind === 'audit');
    return own?.days ?? null;
  }

  /** Every tenant, those without a policy too. */
  async listTenants(): Promise<TenantPolicies[]> {
    const { rows } = await this.database.system.query<TenantPolicies>(
      `/* policies.listTenants */
       select t.id as "tenantId", coalesce(p.policies, '[]') as policies
       from tenants t left join (
         select tenant_id, jsonb_agg(jsonb_build_object('kind', kind, 'event_type', event_type, 'days', days)) as policies
         from retention_policies group by 1
       ) p on p.tenant_id = t.id order by t.id`,
    );
    return rows;
  }
}

/** After a change of what must be kept: the next run looks at everything again. */
export async function forgetMarks(sql: Sql, tenantId: string): Promise<void> {
  await sql.query('/* retention.forgetMarks */ delete from retention_marks where tenant_id = $1', [tenantId]);
}
