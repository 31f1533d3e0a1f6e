import { entryIsFree } from '../preservation/hold-sql.js';
import { JSON_FIELDS, type PersonalField } from './leaf.js';

/** Leaf indexes of the entries of the tenant $1 that meet a condition, whose parameters begin with $2. */
export const findLeaves = (condition: string, limit: number) => `/* auditActs.find */
with chosen as materialized (
  select id from audit_entries where tenant_id = $1 and ${condition}
)
select l.leaf_index::float8 from chosen c
join audit_leaves l on l.tenant_id = $1 and l.entry_id = c.id and l.kind = 'entry'
order by l.leaf_index limit ${limit}`;

/** Recorded before $2, whenever it is said to have happened, and under no hold. */
export const RECORDED_BEFORE = `id < uuid7_lower_bound($2) and created_at < $2 and ${entryIsFree('audit_entries')}`;

export const PRUNE = '/* auditActs.prune */ select prune_audit_entries($1, $2)::float8 as changed';

export const ERASE = '/* auditActs.erase */ select erase_audit_entries($1, $2, $3)::float8 as changed';

/** As erase_audit_entries() decides; whoever changes one changes the other. */
export function wouldLose(field: PersonalField, targets: string | null): string {
  const kept = field === 'resource_id' ? ` and source <> 'tidemark'` : '';
  if (targets === null) return `(${field} is not null${kept})`;
  if ((JSON_FIELDS as readonly string[]).includes(field)) return `redact_json(${field}, ${targets}) <> ${field}`;
  return `(${field} = any(${targets})${kept})`;
}
