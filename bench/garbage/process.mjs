// A process for young-garbage.mjs: node process.mjs <key>. Sends how many bytes grow old in a few hundred requests, and in
// as many queries. A full collection meanwhile can only make it less.
import { connect } from 'node:net';
import { getHeapSpaceStatistics } from 'node:v8';
import { createApiApplication } from '../../dist/api-application.js';
import { loadConfig } from '../../dist/platform/config/config.js';
import { Database } from '../../dist/platform/database/database.js';

const WARM_UP = 200;
const TIMES = 400;
const TENANT = '00000000-0000-0000-0000-000000000001';
const HOURS = 'from=2026-01-01T00:00:00Z&to=2026-01-15T00:00:00Z&interval=hour';

const oldBytes = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space').space_used_size;

async function grownOld(work) {
  await work(WARM_UP);
  const before = oldBytes();
  await work(TIMES);
  return oldBytes() - before;
}

/** One request after the other on one connection, without a client that would make garbage of its own. */
async function ask(port, times) {
  const request = `GET /api/v1/analytics/timeseries?${HOURS} HTTP/1.1\r\nHost: test\r\nX-API-Key: ${process.argv[2]}\r\n\r\n`;
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve, reject) => {
    let answered = 0;
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      if (chunk.includes('HTTP/1.1 4')) reject(new Error(chunk.toString()));
      if (!chunk.subarray(-2).equals(Buffer.from(']}'))) return;
      answered += 1;
      if (answered === times) resolve();
      else socket.write(request);
    });
    socket.write(request);
  });
  socket.destroy();
}

async function query(database, times) {
  const rows = `select n, 'type ' || n as type from generate_series(1, 500) n`;
  for (let n = 0; n < times; n++) await database.inTenant(TENANT, (sql) => sql.query(rows));
}

const app = await createApiApplication(loadConfig());
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address();
const database = app.get(Database);
const requests = (await grownOld((times) => ask(port, times))) / TIMES;
const queries = (await grownOld((times) => query(database, times))) / TIMES;
process.on('disconnect', () => process.exit());
process.send({ answer: { requests, queries } });
