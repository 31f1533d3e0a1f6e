// The audit trail at size: node bench/audit.mjs [entries], 1,000,000 by default. Needs `npm run build` before.
// Prints one line for each figure: search, listing, statistics, exports with the growth of memory, inserts.
import { readFileSync } from 'node:fs';
import { Stack } from './stack.mjs';
import { quantile, round } from './statistics.mjs';

const ENTRIES = Number(process.argv[2] ?? 1_000_000);
const ROWS_PER_LOAD = 50_000;
const SEARCHES = 40;

/** One entry in ten thousand has "needle", one in a thousand "seldom", one in a hundred "sometimes", all have "page". */
const LOAD = `
insert into audit_entries (tenant_id, id, client_id, action_type, resource_type, resource_id, severity, status, user_id,
                           message, metadata, occurred_at, created_at, salt, leaf)
select $1::uuid, uuidv7(), 'bench', (array['CREATE', 'UPDATE', 'DELETE', 'VIEW'])[1 + n % 4],
       (array['invoice', 'order', 'user', 'page', 'price'])[1 + n % 5], 'R-' || n % 50000,
       (array['INFO', 'INFO', 'INFO', 'WARNING', 'ERROR'])[1 + n % 5], 'Success', 'user-' || n % 1000,
       'User ' || n % 1000 || ' opened page number ' || n
         || case when n % 100 = 0 then ' sometimes' else '' end || case when n % 1000 = 0 then ' seldom' else '' end
         || case when n % 10000 = 0 then ' needle' else '' end || case when n < $3 / 10 then ' ancient' else '' end,
       jsonb_build_object('browser', 'Firefox', 'path', '/shop/items/' || n % 5000, 'duration_ms', n % 977),
       now() - ($3::int - n) * interval '500 milliseconds', now(), decode(md5(n::text), 'hex'), '\\x7b7d'
from generate_series($2::int, $2::int + ${ROWS_PER_LOAD} - 1) n where n < $3`;

const QUERIES = {
  'a word all have': 'q=page',
  'a word in 1 of 100': 'q=sometimes',
  'a word in 1 of 1,000': 'q=seldom',
  'a word in 1 of 10,000': 'q=needle',
  'a word only old entries have (a tenth)': 'q=ancient',
  'a word none has': 'q=nowhere',
  'two words, one rare': 'q=page%20needle',
  'beginning of a word': 'q=need*',
  'a rare word and a field': 'q=needle&action_type=CREATE',
  'a frequent word and a rare field': 'q=page&user_id=user-7',
  'a frequent word on one old day': 'q=page&from=OLD_FROM&to=OLD_TO',
  'a rare word on one old day': 'q=needle&from=OLD_FROM&to=OLD_TO',
  'part of a message': 'message=number%20777',
  'no text, newest': 'limit=50',
  'no text, one user': 'user_id=user-7',
  'no text, one resource': 'resource_type=page&resource_id=R-3',
};

const stack = new Stack();
const say = (name, value) => console.log(`${name.padEnd(52)} ${value}`);

async function main() {
  await stack.start();
  const { api } = await stack.startApi();
  const tenant = await stack.post('/tenants', { name: 'bench' });
  const limits = { rate_limit: 1_000_000, rate_window_s: 1 };
  const body = { client_id: 'bench', name: 'bench', scopes: ['admin'], ...limits };
  const { key } = await stack.post('/keys', body, { 'X-Tenant-Id': tenant.id });
  await load(tenant.id);
  for (const [name, query] of Object.entries(QUERIES)) await measureSearch(name, query, key);
  await measure('stats over everything', `/logs/stats?${everything()}`, key, 3);
  for (const format of ['csv', 'ndjson', 'xlsx']) await measureExport(format, key, api);
  await measureInserts(key);
}

async function load(tenantId) {
  const start = performance.now();
  await stack.pool.query(`set maintenance_work_mem = '256MB'`);
  for (let n = 0; n < ENTRIES; n += ROWS_PER_LOAD) await stack.pool.query(LOAD, [tenantId, n, ENTRIES]);
  await stack.pool.query('vacuum analyze audit_entries');
  const { bytes } = await stack.one(
    `select sum(pg_total_relation_size(inhrelid))::float8 as bytes from pg_inherits where inhparent = 'audit_entries'::regclass`,
  );
  say('entries', `${ENTRIES}, ${round(bytes / ENTRIES)} bytes each with indexes`);
  say('loaded in', `${round((performance.now() - start) / 1_000)} s`);
}

const iso = (agoMs) => new Date(Date.now() - agoMs).toISOString();
const spanMs = ENTRIES * 500;
const everything = () => `from=${iso(spanMs + 3_600_000)}`;

async function measureSearch(name, query, key) {
  const text = query.replace('OLD_FROM', iso(spanMs * 0.9)).replace('OLD_TO', iso(spanMs * 0.9 - 86_400_000));
  await measure(name, `/logs?${text.includes('from=') ? '' : `${everything()}&`}${text}`, key, SEARCHES);
}

async function measure(name, path, key, times) {
  const took = [];
  let found = 0;
  for (let n = 0; n < times + 2; n++) {
    const start = performance.now();
    const response = await fetch(stack.url(path), { headers: { 'X-API-Key': key } });
    const answer = await response.json();
    if (n >= 2) took.push(performance.now() - start);
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    found = answer.data?.length ?? answer.total;
  }
  say(name, `p50 ${round(quantile(took, 0.5), 1)} ms, p99 ${round(quantile(took, 0.99), 1)} ms, ${found} found`);
}

const memoryOf = ({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;

async function measureExport(format, key, api) {
  const before = memoryOf(api);
  let [highest, bytes] = [before, 0];
  const watching = setInterval(() => (highest = Math.max(highest, memoryOf(api))), 50);
  const start = performance.now();
  const response = await fetch(stack.url(`/logs/export?format=${format}&${everything()}`), {
    headers: { 'X-API-Key': key },
  });
  for await (const chunk of response.body) bytes += chunk.length;
  clearInterval(watching);
  const seconds = (performance.now() - start) / 1_000;
  say(
    `export as ${format}`,
    `${round(ENTRIES / seconds)} entries/s, ${round(bytes / 2 ** 20)} MiB, memory ${round(before)} → ${round(highest)} MiB`,
  );
}

async function measureInserts(key) {
  const entry = (n) => ({
    ...{
      action_type: 'UPDATE',
      resource_type: 'invoice',
      resource_id: `I-${n}`,
      user_id: 'jdoe',
      message: `Change ${n}`,
    },
    ...{ before_state: { status: 'open', amount: n }, after_state: { status: 'paid', amount: n } },
  });
  const send = async (path, body) => {
    const headers = { 'X-API-Key': key, 'Content-Type': 'application/json' };
    const response = await fetch(stack.url(path), { method: 'POST', headers, body: JSON.stringify(body) });
    if (response.status !== 201) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  const rate = async (name, path, bodies, entries) => {
    const start = performance.now();
    await Promise.all(
      bodies.map(async (lane) => {
        for (const body of lane) await send(path, body);
      }),
    );
    say(name, `${round(entries / ((performance.now() - start) / 1_000))} entries/s`);
  };
  const lanes = (count, each, make) =>
    Array.from({ length: count }, () => Array.from({ length: each }, (_, n) => make(n)));
  await rate('one by one, 16 connections', '/logs', lanes(16, 100, entry), 1_600);
  const thousand = () => ({ logs: Array.from({ length: 1_000 }, (_, n) => entry(n)) });
  await rate('a thousand at a time, 2 connections', '/logs/bulk', lanes(2, 10, thousand), 20_000);
}

try {
  await main();
} finally {
  await stack.end();
}
