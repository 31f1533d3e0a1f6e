// node scripts/schema-document.mjs [file]: describes the tables of a migrated database as Markdown, on standard output or into
// the file. The database is that of DATABASE_URL, read as its owner; without it a new embedded one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { format, resolveConfig } from 'prettier';
import { root } from './prepare.mjs';

const ROLES = ['tidemark_app', 'tidemark_system'];

/** Rows that name rows of another table, without a foreign key: the writer keeps what the key would cost each insert to check. */
const REFERENCES = [
  ['events', 'ingest_batches', 'batch_id'],
  ['events', 'event_contexts', 'context_id'],
  ['event_keys', 'events', 'id'],
  ['failed_events', 'events', 'event_id'],
  ['event_patches', 'failed_events', 'event_id'],
  ['event_type_schemas', 'event_type_registries', 'tenant_id'],
  ['sessions', 'api_keys', 'subject'],
  ['audit_keys', 'audit_entries', 'id'],
  ['audit_unsealed', 'audit_entries', 'entry_id'],
  ['audit_leaves', 'audit_entries', 'entry_id'],
  ['audit_leaves', 'audit_trees', 'tenant_id'],
  ['audit_nodes', 'audit_trees', 'tenant_id'],
  ['audit_checkpoints', 'audit_trees', 'tenant_id'],
  ['functionality_event_types', 'functionalities', 'functionality'],
  ['privacy_erasure_values', 'privacy_erasures', 'erasure_id'],
];

const TABLES = `/* schemaDocument.listTables */
select c.oid, c.relname as name, c.relkind = 'v' as is_view, obj_description(c.oid, 'pg_class') as comment,
       pg_get_partkeydef(c.oid) as partitioned_by,
       (select jsonb_agg(jsonb_build_object('roles', p.roles, 'visible', p.qual, 'writable', p.with_check) order by p.policyname desc)
        from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname) as policies
from pg_class c
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and not c.relispartition
order by c.relname`;

const COLUMNS = `/* schemaDocument.listColumns */
select a.attname as name, replace(format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz') as type, a.attnotnull as required,
       case when a.attidentity <> '' then 'identity' when a.attgenerated <> '' then 'generated'
            else pg_get_expr(d.adbin, d.adrelid) end as fallback,
       coalesce(a.attnum = any(k.conkey), false) as key
from pg_attribute a
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_constraint k on k.conrelid = a.attrelid and k.contype = 'p'
where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`;

const CONSTRAINTS = `/* schemaDocument.listConstraints */
select contype as kind, pg_get_constraintdef(oid) as definition, confrelid::regclass::text as target
from pg_constraint where conrelid = $1 and contype in ('c', 'f') order by conname`;

const INDEXES = `/* schemaDocument.listIndexes */
select i.indexrelid::regclass::text as name, i.indisunique as is_unique,
       regexp_replace(pg_get_indexdef(i.indexrelid), '^.* USING ', '') as definition
from pg_index i where i.indrelid = $1 order by i.indisprimary desc, 1`;

/** Rights on the table, and those on single columns. */
const RIGHTS = `/* schemaDocument.listRights */
select a.grantee::regrole::text as role, lower(a.privilege_type) as privilege, null as column
from pg_class c, aclexplode(c.relacl) a where c.oid = $1 and a.grantee <> 0
union all
select a.grantee::regrole::text, lower(a.privilege_type), t.attname
from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = $1 and a.grantee <> 0
order by 1, 2, 3`;

const FUNCTIONS = `/* schemaDocument.listFunctions */
select p.proname as name, pg_get_function_arguments(p.oid) as arguments, pg_get_function_result(p.oid) as result,
       p.prosecdef as as_owner,
       case when p.proacl is null then 'everybody' else coalesce((
         select string_agg(case a.grantee when 0 then 'everybody' else a.grantee::regrole::text end, ', ' order by 1)
         from aclexplode(p.proacl) a where a.grantee <> p.proowner), 'the owner') end as executable_by
from pg_proc p
where p.pronamespace = 'public'::regnamespace
  and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
order by p.proname`;

export async function schemaDocument(client) {
  const tables = [];
  for (const table of (await client.query(TABLES)).rows) {
    const parts = {};
    for (const [name, text] of Object.entries({ COLUMNS, CONSTRAINTS, INDEXES, RIGHTS })) {
      parts[name.toLowerCase()] = (await client.query(text, [table.oid])).rows;
    }
    tables.push({ ...table, ...parts });
  }
  const functions = (await client.query(FUNCTIONS)).rows;
  const text = [INTRODUCTION, picture(tables), ...tables.map(section), functionList(functions)].join('\n\n');
  return format(text, { ...(await resolveConfig(join(root, 'docs', 'schema.md'))), parser: 'markdown' });
}

const INTRODUCTION = `# Schema

What the migrations in \`migrations\` make; \`npm run generate:schema\` writes this file from a migrated database, and a test
compares the two. The owner of everything only migrates. API and worker take on \`tidemark_app\`, which sees the rows of
one tenant, and \`tidemark_system\`, which spans tenants: [Logins](database-logins.md). Tables of the queue are BullMQ's.`;

function picture(tables) {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const foreignKeys = tables.flatMap(({ name, constraints }) =>
    constraints
      .filter(({ kind }) => kind === 'f')
      .map(({ target, definition }) => [name, target, /^FOREIGN KEY \((\w+)\)/.exec(definition)[1]]),
  );
  for (const [table, target, column] of REFERENCES) {
    if (byName.get(table)?.columns.some(({ name }) => name === column) && byName.has(target)) continue;
    throw new Error(
      `REFERENCES of scripts/schema-document.mjs names ${table}.${column} or ${target}, which does not exist`,
    );
  }
  const shared = tables.filter(({ columns }) => !columns.some(({ name }) => name === 'tenant_id'));
  const lines = [
    ...foreignKeys.map(([table, target, column]) => `  ${target} ||--o{ ${table} : ${column}`),
    ...REFERENCES.map(([table, target, column]) => `  ${target} ||..o{ ${table} : ${column}`),
  ];
  return `## Picture

Solid: a foreign key. Dashed: a reference that the writer keeps, because a key would cost every insert a look-up. Every
table has a \`tenant_id\` but ${shared.map(({ name }) => code(name)).join(', ')}.

\`\`\`mermaid
erDiagram
${lines.join('\n')}
\`\`\``;
}

function section(table) {
  if (table.comment === null) throw new Error(`${table.name} has no comment that says what it is`);
  const columns = table.columns.map(
    ({ name, type, required, fallback, key }) =>
      `| \`${name}\`${key ? ' 🔑' : ''} | ${type} | ${required || table.is_view ? '' : 'null'} | ${code(fallback)} |`,
  );
  const lists = [
    table.partitioned_by === null ? '' : `Partitioned by ${table.partitioned_by.toLowerCase()}.`,
    ...bullets('Rows', (table.policies ?? []).map(rows)),
    ...bullets('Rights', rights(table)),
    ...bullets(
      'Indexes',
      table.indexes.map(
        ({ name, is_unique, definition }) => `\`${name}\`${is_unique ? ' unique' : ''} ${code(definition)}`,
      ),
    ),
    ...bullets(
      'Constraints',
      table.constraints.map(({ definition }) => code(definition)),
    ),
  ];
  const head = `## ${table.name}\n\n${table.comment}`;
  return [
    head,
    ['| column | type | | default |', '| --- | --- | --- | --- |', ...columns].join('\n'),
    ...lists.filter((text) => text !== ''),
  ].join('\n\n');
}

/** The owner's rights are all, its policy is there so that functions that run as it see rows. */
const short = (condition) =>
  condition.replace(`(NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid`, `app.tenant_id`);

function rows({ roles, visible, writable }) {
  const who = roles.map((role) => (ROLES.includes(role) ? `\`${role}\`` : 'the owner')).join(', ');
  const what = visible === 'true' ? 'all' : code(short(visible));
  return `${who}: ${what}${(writable ?? visible) === visible ? '' : `; writes ${code(short(writable))}`}`;
}

function rights({ rights: granted }) {
  return ROLES.map((role) => {
    const own = granted.filter((right) => right.role === role);
    const columns = new Map();
    for (const { privilege, column } of own) {
      if (column !== null) columns.set(privilege, [...(columns.get(privilege) ?? []), column]);
    }
    const parts = [
      ...own.filter(({ column }) => column === null).map(({ privilege }) => privilege),
      ...[...columns].map(([privilege, names]) => `${privilege} (${names.join(', ')})`),
    ];
    return `\`${role}\`: ${parts.length === 0 ? 'nothing' : parts.join(', ')}`;
  });
}

function functionList(functions) {
  const lines = functions.map(
    ({ name, arguments: given, result, as_owner, executable_by }) =>
      `| [\`${name}\`](../migrations/functions/${name}.sql) | ${code(`(${given}) → ${result}`)} | ${as_owner ? 'as the owner' : ''} | ${executable_by} |`,
  );
  return ['## Functions', ['| name | | runs | executable by |', '| --- | --- | --- | --- |', ...lines].join('\n')].join(
    '\n\n',
  );
}

const bullets = (title, items) =>
  items.length === 0 ? [] : [`${title}:\n\n${items.map((item) => `- ${item}`).join('\n')}`];

const code = (text) =>
  text === null ? '' : `\`${text.replaceAll('\n', ' ').replace(/ +/g, ' ').replaceAll('|', '\\|')}\``;

async function main(file) {
  const url = process.env.DATABASE_URL;
  const text = url === undefined ? await fromNewDatabase() : await fromDatabase(url);
  if (file === undefined) process.stdout.write(text);
  else writeFileSync(file, text);
}

async function fromNewDatabase() {
  const { migrate } = await import('../dist/platform/database/migrate.js');
  const { startEmbeddedPostgres } = await import('../dist/local-postgres/embedded-postgres.js');
  const dataDir = mkdtempSync(join(tmpdir(), 'tidemark-schema-'));
  const postgres = await startEmbeddedPostgres({ dataDir, database: 'tidemark' });
  try {
    await migrate({ DATABASE_URL: postgres.runtimeUrl, DATABASE_MIGRATION_URL: postgres.url });
    return await fromDatabase(postgres.url);
  } finally {
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function fromDatabase(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await schemaDocument(client);
  } finally {
    await client.end();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv[2]);
