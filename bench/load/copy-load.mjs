import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { uuid7 } from '../../dist/platform/database/uuid7.js';
import { EventIds, sampleEvent } from './sample-event.mjs';

const ROWS_PER_COMMIT = 500;
const COLUMNS =
  'tenant_id, id, batch_id, client_id, event_id, event_type, user_id, session_id, event_time, received_at, payload';

/**
 * The fastest way into PostgreSQL: COPY from one client per core, a commit every 500 rows, made before the clock starts.
 * @param {{url: string, table: string, commits: number}} options
 * @returns {Promise<{perSecond: number, rows: number}>}
 */
export async function loadByCopy({ url, table, commits }) {
  const chunks = makeChunks(commits);
  const clients = await Promise.all(Array.from({ length: availableParallelism() }, () => connect(url)));
  const start = performance.now();
  try {
    await Promise.all(clients.map((client) => copyChunks(client, table, chunks)));
    const rows = commits * ROWS_PER_COMMIT;
    return { perSecond: rows / ((performance.now() - start) / 1_000), rows };
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

async function connect(url) {
  const client = new pg.Client({ connectionString: url, options: '-c synchronous_commit=on -c timezone=UTC' });
  await client.connect();
  return client;
}

async function copyChunks(client, table, chunks) {
  for (let chunk = chunks.pop(); chunk !== undefined; chunk = chunks.pop()) {
    await pipeline(Readable.from([chunk]), client.query(copyFrom(`copy ${table} (${COLUMNS}) from stdin`)));
  }
}

/** In COPY's text format; the sample events hold nothing that it wants escaped. @returns {Buffer[]} last one first */
function makeChunks(commits) {
  const ids = new EventIds();
  const tenantId = randomUUID();
  const chunks = Array.from({ length: commits }, (_, commit) => {
    const batchId = uuid7();
    const now = new Date().toISOString();
    const rows = Array.from({ length: ROWS_PER_COMMIT }, (_, n) => {
      const event = sampleEvent(commit * ROWS_PER_COMMIT + n, ids.next());
      const texts = [event.event_id, event.event_type, event.user_id, event.session_id];
      return [tenantId, uuid7(), batchId, 'bench', ...texts, now, now, JSON.stringify(event.payload)].join('\t');
    });
    return Buffer.from(`${rows.join('\n')}\n`);
  });
  return chunks.reverse();
}
