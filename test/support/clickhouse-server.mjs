// A ClickHouse for tests: the engine of the npm package chdb behind the HTTP interface that @clickhouse/client speaks.
// `node clickhouse-server.mjs DATA_DIR`, with CHDB_DIR (see scripts/chdb.mjs) and perhaps PORT. Says its port by IPC,
// or on standard output. Every statement is as durable as the file system's cache: it survives SIGKILL.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const SESSIONS = 6;

/** Parameters of a request that are no settings of the engine. */
const NOT_SETTINGS = new Set([
  ...['query', 'database', 'default_format', 'query_id', 'session_id', 'session_timeout', 'session_check', 'user'],
  ...['password', 'role', 'quota_key', 'compress', 'decompress', 'buffer_size', 'wait_end_of_query'],
  ...['send_progress_in_http_headers', 'enable_http_compression', 'http_response_buffer_size'],
  ...['http_headers_progress_interval_ms', 'cancel_http_readonly_queries_on_client_close', 'readonly'],
]);
const UNKNOWN_TABLE = [60, 81];
const NAME = /^[A-Za-z_]\w*$/;

const { Session } = createRequire(join(process.env.CHDB_DIR, 'node_modules', 'x.js'))('chdb');
const password = process.env.CLICKHOUSE_TEST_PASSWORD;
const idle = Array.from({ length: SESSIONS }, () => new Session(process.argv[2]));
const waiting = [];
const version = (await idle[0].queryAsync('select version()', { format: 'TabSeparated' })).text().trim();

const server = createServer((request, response) => {
  answer(request, response).catch((error) => fail(response, error));
});
server.keepAliveTimeout = 65_000;
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const { port } = server.address();
  if (process.send === undefined) process.stdout.write(`${port}\n`);
  else process.send({ port, version });
});
process.on('disconnect', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));

async function answer(request, response) {
  const url = new URL(request.url, 'http://clickhouse');
  if (url.pathname === '/ping') return void response.end('Ok.\n');
  if (!isAllowed(request, url)) return refuse(response);
  const sent = await readBody(request);
  const form = await readForm(request, sent);
  for (const [name, value] of form ?? []) url.searchParams.set(name, value);
  const body = form === null ? sent.toString() : '';
  const asked = url.searchParams.get('query');
  const statement = asked === null ? body : `${asked}${body === '' ? '' : `\n${body}`}`;
  const format = request.headers['x-clickhouse-format'] ?? url.searchParams.get('default_format') ?? 'TabSeparated';
  const session = idle.pop() ?? (await new Promise((resolve) => waiting.push(resolve)));
  try {
    const result = await run(session, url.searchParams, statement, format);
    send(request, response, { result, format });
  } finally {
    const next = waiting.shift();
    if (next === undefined) idle.push(session);
    else next(session);
  }
}

/** A session keeps its settings, so each request takes back what it has set. */
async function run(session, parameters, statement, format) {
  // A session could never leave it again.
  if (parameters.has('readonly') && !/^(\/\*.*?\*\/)?\s*(select|with)\b/i.test(statement)) {
    throw new Error('Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)');
  }
  const set = [...parameters].filter(([name]) => !NOT_SETTINGS.has(name) && NAME.test(name));
  const database = parameters.get('database');
  try {
    await session.queryAsync(`use ${quoted(database ?? 'default')}`);
    await change(session, set, literal);
    return await session.queryAsync(statement, { format });
  } finally {
    const settings = set.filter(([name]) => !name.startsWith('param_'));
    await change(session, settings, () => 'default').catch(() => undefined);
  }
}

async function change(session, settings, valueOf) {
  if (settings.length === 0) return;
  await session.queryAsync(`set ${settings.map(([name, value]) => `${name} = ${valueOf(value)}`).join(', ')}`);
}

function send(request, response, { result, format }) {
  const content = Buffer.from(result.bytes());
  const rows = String(result.rowsRead ?? 0);
  const headers = {
    'Content-Type': format.startsWith('JSON') ? 'application/json; charset=UTF-8' : 'text/plain; charset=UTF-8',
    'X-ClickHouse-Format': format,
    'X-ClickHouse-Summary': JSON.stringify({ read_rows: rows, written_rows: rows }),
    'X-ClickHouse-Timezone': 'UTC',
    'X-ClickHouse-Server-Display-Name': 'chdb',
  };
  const wantsGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  response.writeHead(200, wantsGzip ? { ...headers, 'Content-Encoding': 'gzip' } : headers);
  response.end(wantsGzip ? gzipSync(content, { level: 1 }) : content);
}

function fail(response, error) {
  const code = Number(/Code: (\d+)/.exec(error.message)?.[1] ?? 0);
  const status = UNKNOWN_TABLE.includes(code) ? 404 : code === 0 ? 500 : 400;
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=UTF-8', 'X-ClickHouse-Exception-Code': code });
  response.end(`${error.message} (version ${version})\n`);
}

function isAllowed(request, url) {
  if (password === undefined) return true;
  const basic = Buffer.from(/^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '', 'base64').toString();
  const key = request.headers['x-clickhouse-key'] ?? url.searchParams.get('password');
  return basic.slice(basic.indexOf(':') + 1) === password || key === password;
}

function refuse(response) {
  response.writeHead(403, { 'X-ClickHouse-Exception-Code': 516 });
  response.end(`Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED) (version ${version})\n`);
}

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

/** The parts of a body that has several, as for long parameters; else null. */
async function readForm(request, body) {
  const type = request.headers['content-type'] ?? '';
  return type.startsWith('multipart/form-data')
    ? new globalThis.Response(body, { headers: { 'content-type': type } }).formData()
    : null;
}

const literal = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const quoted = (name) => `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
