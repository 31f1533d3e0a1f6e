/**
 * pg_shdepend knows what a role owns ("o") and was granted ("a"), in this database and in what all of them share (0).
 */
export const LOGIN_FACTS = `/* login.facts */
  with dependency as (
    select refobjid, deptype, classid from pg_shdepend
    where refclassid = 'pg_authid'::regclass
      and dbid in (0, (select oid from pg_database where datname = current_database()))
  )
  select rolname as login, rolsuper as superuser, rolcreaterole as createrole, rolcreatedb as createdb,
         rolreplication as replication, rolbypassrls as bypassrls,
         array(select other.rolname::text from pg_roles other
               where other.oid <> login.oid and other.rolname <> all ($2)
                 and pg_has_role(login.oid, other.oid, 'member')
               order by 1) as other_roles,
         exists (select from dependency where refobjid = login.oid and deptype = 'o') as owns,
         exists (select from dependency where refobjid = login.oid and deptype = 'a'
                   -- the right to connect, and being the grantor of a membership
                   and classid not in ('pg_database'::regclass, 'pg_auth_members'::regclass)) as granted
  from pg_roles login
  where rolname = coalesce($1, session_user)`;

export const FIND_LOGIN = '/* login.find */ select from pg_roles where rolname = $1';

/** Of the roles $2, those that the login $1 may not use in the way $3. */
export const LIST_MISSING_ROLES = `/* login.listMissingRoles */
select role from unnest($2::text[]) as role where not pg_has_role($1, role, $3)`;

export const SERVER_VERSION = `/* login.serverVersion */ select current_setting('server_version_num')::int as version`;
