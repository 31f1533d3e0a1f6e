import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { migrate } from '../dist/platform/database/migrate.js';
import { startEmbeddedPostgres } from '../dist/local-postgres/embedded-postgres.js';

/** One private PostgreSQL for the run; every test file clones the migrated template into a database of its own. */
export default async function setUp() {
  const dataDir = mkdtempSync(join(process.env.TEST_DATABASES ?? tmpdir(), 'tidemark-test-'));
  const postgres = await startEmbeddedPostgres({ dataDir, database: 'tidemark_template' });
  await migrate({ DATABASE_URL: postgres.runtimeUrl, DATABASE_MIGRATION_URL: postgres.url });
  process.env.TEST_OPENAPI_JSON = join(dataDir, 'openapi.json');
  writeFileSync(process.env.TEST_OPENAPI_JSON, JSON.stringify(parse(readFileSync('openapi.yaml', 'utf8'))));
  process.env.TEST_DATABASE_URL = postgres.runtimeUrl;
  process.env.TEST_OWNER_URL = postgres.url;
  globalThis.__TIDEMARK_TEST__ = { postgres, dataDir };
}
