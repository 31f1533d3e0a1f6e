-- Trigger: the application roles lack the right to change entries; this is a second line, against an owner's slip.
-- Only the functions for erasure and retention turn the setting on.
create function refuse_audit_rewrite() returns trigger
language plpgsql as $$
begin
  if current_setting('tidemark.audit_maintenance', true) is distinct from 'on' then
    raise exception 'audit entries are append-only: % on % refused', lower(tg_op), tg_table_name
      using errcode = 'insufficient_privilege';
  end if;
  return null;
end $$;
