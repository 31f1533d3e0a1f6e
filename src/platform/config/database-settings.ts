import { databaseUrl } from './database-url.js';
import { integer, text } from './settings.js';

/** Where the truth is kept. */
export const DATABASE_SETTINGS = {
  DATABASE_URL: databaseUrl({
    example: 'postgresql://tidemark_runtime:secret@localhost:5432/tidemark',
    description:
      'PostgreSQL 15 or newer: the one required service; of several (…@h1:5432,h2:5432/…) the one that accepts writes. The login is a member of tidemark_app and tidemark_system, and nothing else: see DATABASE_MIGRATION_URL.',
  }),
  DATABASE_MIGRATION_URL: databaseUrl({
    example: 'postgresql://tidemark:secret@localhost:5432/tidemark',
    description:
      'The same database, as the login that owns the tables and may create roles. Only for the migrations, which make the login of DATABASE_URL. Absent: DATABASE_URL.',
  }),
  DATABASE_PASSWORD: text({
    isSecret: true,
    description:
      'Password of the login of DATABASE_URL, as it is: in a URL, characters like @ / # ? % must be percent-encoded.',
  }),
  DATABASE_MIGRATION_PASSWORD: text({
    isSecret: true,
    description: 'Password of the login of DATABASE_MIGRATION_URL, as it is.',
  }),
  DB_POOL_SIZE: integer(3, 200, {
    default: 16,
    description:
      'PostgreSQL connections per process, shared out over the ingest, query and system pools; health probes have one more.',
  }),
} as const;
