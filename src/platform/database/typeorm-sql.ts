import type { QueryConfig, QueryResult, QueryResultRow } from 'pg';
import type { EntityManager } from 'typeorm';
import type { Sql } from './database.js';

/** The transaction of a TypeORM manager, for SQL that runs in transactions of either kind. */
export function sqlOf(manager: EntityManager): Sql {
  return {
    query: async <Row extends QueryResultRow>(statement: string | QueryConfig, values?: readonly unknown[]) => {
      const [text, parameters] =
        typeof statement === 'string' ? [statement, values ?? []] : [statement.text, statement.values ?? []];
      const rows = await manager.query<Row[]>(text, [...parameters]);
      return { rows } as QueryResult<Row>;
    },
  };
}
