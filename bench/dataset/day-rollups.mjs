import { hash } from 'node:crypto';
import { binOf } from '../../dist/analytics/rollups/latency-histogram.js';
import { CLIENTS, DAY_MS, TYPES } from './shop.mjs';

/** Stands where a client's place stands, for all of them. */
const ALL = 7;
const GRANULARITIES = { minute: 60_000, hour: 3_600_000, day: DAY_MS };
const COUNT_GRANULARITIES = { ...GRANULARITIES, ten_minutes: 600_000 };

const PROCESSING_COLUMNS =
  'tenant_id, bucket, processed, failed, latency_sum_ms, latency_min_ms, latency_max_ms, latency_histogram';

/** What the worker would have counted for one UTC day, as rows in COPY's text format. `npm run cli -- recount` agrees. */
export class DayRollups {
  events = { minute: new Map(), ten_minutes: new Map(), hour: new Map(), day: new Map() };
  processing = { minute: new Map(), hour: new Map(), day: new Map() };
  users = new Map();
  sessions = new Map();

  /** @param {string} tenantId @param {number} dayMs */
  constructor(tenantId, dayMs) {
    this.tenantId = tenantId;
    this.dayMs = dayMs;
  }

  /** Times are milliseconds since 1970. Counts go into minutes; {@link tables} sums them up. */
  add({ time, type, visit, latencyMs, processedAt, failed }) {
    const key = (Math.floor((time - this.dayMs) / GRANULARITIES.minute) * 8 + visit.client) * 32 + type;
    for (const place of [key, ofAll(key)]) addCounts(this.events.minute, place, failed ? 0 : 1, failed ? 1 : 0);
    const minute = Math.floor((processedAt - this.dayMs) / GRANULARITIES.minute) * 8;
    const one = { n: 1, failed: failed ? 1 : 0, sum: latencyMs, least: latencyMs, most: latencyMs };
    const bins = [[binOf(latencyMs), 1]];
    for (const client of [visit.client, ALL]) addProcessing(this.processing.minute, minute + client, one, bins);
    if (failed) return;
    addSubject(this.users, visit.user, time);
    addSubject(this.sessions, visit.session, time);
  }

  /** Minutes into hours and the day. */
  sumUp() {
    for (const granularity of ['ten_minutes', 'hour', 'day']) {
      const minutes = COUNT_GRANULARITIES[granularity] / GRANULARITIES.minute;
      for (const [key, [count, failed]] of this.events.minute) {
        addCounts(this.events[granularity], Math.floor((key >> 8) / minutes) * 256 + (key & 255), count, failed);
      }
    }
    for (const granularity of ['hour', 'day']) {
      const minutes = GRANULARITIES[granularity] / GRANULARITIES.minute;
      for (const [key, known] of this.processing.minute) {
        addProcessing(
          this.processing[granularity],
          Math.floor((key >> 3) / minutes) * 8 + (key & 7),
          known,
          known.bins,
        );
      }
    }
  }

  /** @returns {{table: string, columns: string, rows: string[]}[]} */
  tables() {
    this.sumUp();
    const subjects = (map, withText) =>
      [...map].map(([text, { first, last, count }]) => {
        const day = iso(this.dayMs);
        const row = [this.tenantId, day, keyOf(text), iso(first), iso(last), count];
        return [...row, ...(withText ? [text] : [])].join('\t');
      });
    return [
      ...Object.keys(COUNT_GRANULARITIES).map((granularity) => ({
        table: `event_rollups_${granularity}`,
        columns: 'client_id, tenant_id, bucket, event_type, count, failed',
        rows: withClients(this.eventRows(granularity, (client) => client !== ALL)),
      })),
      ...Object.keys(COUNT_GRANULARITIES).map((granularity) => ({
        table: `event_totals_${granularity}`,
        columns: 'tenant_id, bucket, event_type, count, failed',
        rows: this.eventRows(granularity, (client) => client === ALL).map(([, row]) => row),
      })),
      ...Object.keys(GRANULARITIES).map((granularity) => ({
        table: `processing_rollups_${granularity}`,
        columns: `client_id, ${PROCESSING_COLUMNS}`,
        rows: withClients(this.processingRows(granularity, (client) => client !== ALL)),
      })),
      ...Object.keys(GRANULARITIES).map((granularity) => ({
        table: `processing_totals_${granularity}`,
        columns: PROCESSING_COLUMNS,
        rows: this.processingRows(granularity, (client) => client === ALL).map(([, row]) => row),
      })),
      {
        table: 'user_days',
        columns: 'tenant_id, day, user_key, first_time, last_time, count, user_id',
        rows: subjects(this.users, true),
      },
      {
        table: 'session_days',
        columns: 'tenant_id, day, session_key, first_time, last_time, count',
        rows: subjects(this.sessions, false),
      },
    ];
  }

  /** @returns {[client: number, row: string][]} */
  eventRows(granularity, isWanted) {
    const wanted = [...this.events[granularity]].filter(([key]) => isWanted(clientOf(key)));
    return wanted.map(([key, [count, failed]]) => {
      const bucket = iso(this.dayMs + Math.floor(key / 256) * COUNT_GRANULARITIES[granularity]);
      return [clientOf(key), [this.tenantId, bucket, TYPES[key & 31], count, failed].join('\t')];
    });
  }

  /** @returns {[client: number, row: string][]} */
  processingRows(granularity, isWanted) {
    const wanted = [...this.processing[granularity]].filter(([key]) => isWanted(key & 7));
    return wanted.map(([key, { n, failed, sum, least, most, bins }]) => {
      const bucket = iso(this.dayMs + (key >> 3) * GRANULARITIES[granularity]);
      const histogram = JSON.stringify(Object.fromEntries(bins));
      return [key & 7, [this.tenantId, bucket, n - failed, failed, sum, least, most, histogram].join('\t')];
    });
  }
}

/** Of keys of event counts: a bucket, three bits of client, five of type. */
const clientOf = (key) => (key >> 5) & 7;
const ofAll = (key) => key | (ALL << 5);

const withClients = (rows) => rows.map(([client, row]) => `${CLIENTS[client]}\t${row}`);

function addCounts(map, key, count, failed) {
  const known = map.get(key);
  if (known === undefined) map.set(key, [count, failed]);
  else {
    known[0] += count;
    known[1] += failed;
  }
}

function addProcessing(map, key, { n, failed, sum, least, most }, bins) {
  let known = map.get(key);
  if (known === undefined) map.set(key, (known = { n: 0, failed: 0, sum: 0, least, most, bins: new Map() }));
  known.n += n;
  known.failed += failed;
  known.sum += sum;
  known.least = Math.min(known.least, least);
  known.most = Math.max(known.most, most);
  for (const [bin, count] of bins) known.bins.set(bin, (known.bins.get(bin) ?? 0) + count);
}

function addSubject(map, text, time) {
  const known = map.get(text);
  if (known === undefined) map.set(text, { first: time, last: time, count: 1 });
  else {
    known.last = time; // events come in order
    known.count += 1;
  }
}

/** As subject_key() in SQL. */
function keyOf(text) {
  const hex = hash('sha256', text).slice(0, 32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const iso = (ms) => new Date(ms).toISOString();
