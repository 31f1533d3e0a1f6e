import { databaseUrl } from './database-url.js';
import { integer, text, url } from './settings.js';

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
  DATABASE_REPLICA_URL: url(['postgres:', 'postgresql:'], {
    example: 'postgresql://tidemark_runtime:secret@replica:5432/tidemark',
    description:
      'A streaming standby of DATABASE_URL, with the same login (and DATABASE_PASSWORD), that answers analytics; while it is down or lags, the primary does.',
  }),
  REPLICA_MAX_LAG_SECONDS: integer(1, 3_600, {
    default: 10,
    description: 'Answers of the replica may be so old; each says how old it is (as_of).',
  }),
  DB_POOL_SIZE: integer(3, 200, {
    default: 16,
    description:
      'PostgreSQL connections per process, shared out over the ingest, query and system pools; health probes have one more, and the replica as many as the query pool.',
  }),
} as const;
