/** The rows of the tenant in `app.tenant_id`, and none when that is unset. */
export const OWN_ROWS = isTenant('tenant_id');

export function isTenant(column: string): string {
  return `${column} = nullif(current_setting('app.tenant_id', true), '')::uuid`;
}

/**
 * Row-level security that not even the owner escapes: tidemark_app sees and writes the rows of its tenant,
 * tidemark_system those of all. What each may do with what it sees, the grants say.
 * @param visible what a tenant sees, where that is more than what it may write
 */
export const tenantRows = (table: string, own: string = OWN_ROWS, visible: string = own): string => `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_rows on ${table} to tidemark_app using (${visible}) with check (${own});
create policy all_rows on ${table} to tidemark_system using (true) with check (true)`;

/**
 * For tables that functions change on behalf of the service: they run as the owner, whom row-level security binds too.
 */
export const ownerRows = (table: string): string =>
  `create policy owner_rows on ${table} to current_user using (true) with check (true)`;

/** For the import of a tenant: the owner sees and writes the rows of the one that its session brings in. */
export const importRows = (table: string, tenant = 'tenant_id'): string => {
  const moved = `${tenant}::text = current_setting('tidemark.moved_tenant', true)`;
  return `create policy import_rows on ${table} to current_user using (${moved}) with check (${moved})`;
};

export const dropImportRows = (table: string): string => `drop policy import_rows on ${table}`;
