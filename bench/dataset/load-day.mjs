import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { from as copyFrom } from 'pg-copy-streams';
import { mix, mulberry32 } from '../../dist/events/sample-data/seeded-random.js';
import { DayRollups } from './day-rollups.mjs';
import { CLIENTS, makeDay, payloadOf, TYPES } from './shop.mjs';

const EVENT_COLUMNS =
  'tenant_id, id, batch_id, client_id, event_id, event_type, user_id, session_id, event_time, received_at, payload';
const BATCH_COLUMNS = 'tenant_id, id, first_id, last_id, event_count, status, received_at, processed_at';
/** Clients collect events for so long and send them together. */
const FLUSH_MS = 5_000;
const MAX_BATCH = 500;
const ROWS_PER_CHUNK = 2_000;
/** One event in so many cannot be processed. */
const FAILS = 5_000;

/**
 * Writes one day of the data set: events, their batches, what failed, and every rollup.
 *
 * @param {import('pg').Client} client
 * @param {{seed: number, day: number, dayMs: number, count: number, total: number, tenantId: string, tables: string[]}} options
 */
export async function loadDay(client, options) {
  const { tenantId, dayMs, tables } = options;
  const day = { ...options, ...makeDay(options), ids: new Ids(options) };
  const rollups = new DayRollups(tenantId, dayMs);
  const batches = [];
  const failures = [];
  await client.query('begin');
  await copy(client, 'events', EVENT_COLUMNS, eventChunks(day, rollups, batches, failures));
  await copyRows(client, 'ingest_batches', BATCH_COLUMNS, batches);
  await copyRows(client, 'failed_events', 'tenant_id, event_id, reason, state, failed_at', failures);
  for (const { table, columns, rows } of rollups.tables()) {
    if (tables.includes(table)) await copyRows(client, table, columns, rows);
  }
  await client.query('commit');
}

function* eventChunks(day, rollups, batches, failures) {
  let lines = [];
  for (const [start, end] of splitIntoBatches(day.order)) {
    const rows = makeBatch(day, start, end, rollups, failures);
    batches.push(rows.batch);
    lines.push(...rows.lines);
    if (lines.length < ROWS_PER_CHUNK) continue;
    yield Buffer.from(`${lines.join('\n')}\n`);
    lines = [];
  }
  if (lines.length > 0) yield Buffer.from(`${lines.join('\n')}\n`);
}

/** @param {Float64Array} order */
function* splitIntoBatches(order) {
  const window = (n) => Math.floor(order[n] / 2 ** 20 / FLUSH_MS);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && end - start < MAX_BATCH && window(end) === window(start)) end += 1;
    yield [start, end];
    start = end;
  }
}

function makeBatch({ tenantId, dayMs, day, order, types, visitOf, visits, ids }, start, end, rollups, failures) {
  const endOfDay = dayMs + 86_400_000;
  const time = (n) => dayMs + Math.floor(order[n] / 2 ** 20);
  const receivedAt = Math.min(time(end - 1) + 80, endOfDay - 2_000);
  const processedAt = Math.min(receivedAt + ids.latency(), endOfDay - 1);
  const latencyMs = processedAt - receivedAt;
  const batchId = ids.next(receivedAt);
  const received = new Date(receivedAt).toISOString();
  const lines = [];
  let firstId;
  let id;
  for (let n = start; n < end; n++) {
    const number = order[n] % 2 ** 20;
    const visit = visits[visitOf[number]];
    const type = types[number];
    id = ids.next(receivedAt);
    firstId ??= id;
    const failed = number % FAILS === FAILS - 1;
    if (failed) failures.push([tenantId, id, 'made to fail', 'open', received].join('\t'));
    rollups.add({ time: time(n), type, visit, latencyMs, processedAt, failed });
    const texts = [CLIENTS[visit.client], `${day}-${number}`, TYPES[type], visit.user, visit.session];
    const times = [new Date(time(n)).toISOString(), received];
    lines.push([tenantId, id, batchId, ...texts, ...times, payloadOf(type, visit, number)].join('\t'));
  }
  const processed = new Date(processedAt).toISOString();
  const batch = [tenantId, batchId, firstId, id, end - start, 'processed', received, processed].join('\t');
  return { lines, batch };
}

/** UUIDv7 in order, and whatever else is random; the same for the same seed. */
class Ids {
  lastMs = 0;
  counter = 0;

  constructor({ seed, day, tenantId }) {
    this.random = mulberry32(mix(seed, day + 100_000));
    this.salt = tenantId.slice(-4);
  }

  next(ms) {
    if (ms > this.lastMs) {
      this.lastMs = ms;
      this.counter = 0;
    } else if (++this.counter > 0xfff) {
      this.lastMs += 1;
      this.counter = 0;
    }
    const time = this.lastMs.toString(16).padStart(12, '0');
    const counter = this.counter.toString(16).padStart(3, '0');
    const tail = Math.floor(this.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
    const more = Math.floor(this.random() * 2 ** 28)
      .toString(16)
      .padStart(7, '0');
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-8${more.slice(0, 3)}-${more.slice(3)}${tail}`;
  }

  /** Milliseconds, most of them around 12. */
  latency() {
    const normal = Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
    return Math.max(1, Math.round(12 * Math.exp(0.6 * normal)));
  }
}

const copy = (client, table, columns, chunks) =>
  pipeline(Readable.from(chunks), client.query(copyFrom(`copy ${table} (${columns}) from stdin`)));

async function copyRows(client, table, columns, rows) {
  if (rows.length > 0) await copy(client, table, columns, [Buffer.from(`${rows.join('\n')}\n`)]);
}
