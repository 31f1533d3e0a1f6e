import type { TestDatabase } from './database.js';

/** Every row of every table of every schema as text, the queue's included: what a dump would hold. */
export async function dumpDatabase(database: TestDatabase): Promise<{ table: string; row: string }[]> {
  const tables = await database.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`,
  );
  const rows: { table: string; row: string }[] = [];
  for (const { name } of tables) {
    for (const { row } of await database.query<{ row: string }>(`select t::text as row from ${name} t`)) {
      rows.push({ table: name, row });
    }
  }
  return rows;
}

/** A text as it may stand in a dump: as it is, in bytes (hexadecimal), or in base64 at any place of a longer text. */
export function tracesOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(Math.ceil((shift * 4) / 3), Math.floor(((shift + bytes.length) * 4) / 3)),
  );
  return [text, bytes.toString('hex'), ...base64];
}
