// Writes the Postman collection of openapi.yaml: node scripts/postman-collection.mjs openapi.yaml [FILE]. Its requests are
// the examples of the document, in the order in which they succeed. The same document gives the same file;
// openapi-to-postmanv2 would give each request a random id, and every optional parameter a made-up value.
import { readFileSync, writeFileSync } from 'node:fs';
import { argv, stdout } from 'node:process';
import { parse } from 'yaml';
import { EXAMPLES, IdFrom } from '../dist/openapi/examples.js';

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';
const VERBS = ['get', 'post', 'put', 'patch', 'delete'];
const TRIES = 60;
const PAUSE_MS = 500;

const DESCRIPTION = `Generated from openapi.yaml. Set baseUrl and apiKey; with a platform key also tenantId, or the requests work on the
default tenant. Run in order for a new tenant, every request succeeds.`;

/** A platform key that works on no tenant in particular says none. */
const WITHOUT_EMPTY_HEADERS = `if (!pm.variables.get('tenantId')) pm.request.headers.remove('X-Tenant-Id');`;

const [source, target] = argv.slice(2);
const document = parse(readFileSync(source, 'utf8'));
const operations = new Map(
  Object.entries(document.paths).flatMap(([path, verbs]) =>
    VERBS.filter((verb) => verbs[verb]).map((verb) => [verbs[verb].operationId, { verb, path, ...verbs[verb] }]),
  ),
);

function collection() {
  return {
    info: { name: document.info.title, description: DESCRIPTION, schema: SCHEMA },
    auth: { type: 'apikey', apikey: pairs({ key: 'X-API-Key', value: '{{apiKey}}', in: 'header' }, 'string') },
    variable: pairs({ baseUrl: 'http://localhost:3000', apiKey: '', tenantId: '' }),
    event: [listener('prerequest', [WITHOUT_EMPTY_HEADERS])],
    item: folders(),
  };
}

/** A folder for each tag; a second one where requests of another tag have to come between. */
function folders() {
  const all = [];
  for (const name of Object.keys(EXAMPLES)) {
    const [tag] = operations.get(name).tags;
    if (all.at(-1)?.tag !== tag) {
      all.push({ tag, name: all.some((folder) => folder.tag === tag) ? `${tag}, continued` : tag, item: [] });
    }
    all.at(-1).item.push(...requestsOf(name));
  }
  return all.map(({ name, item }) => ({ name, item }));
}

/** One for each media type of the body. */
function requestsOf(name) {
  const contents = Object.entries(operations.get(name).requestBody?.content ?? { none: {} });
  return contents
    .filter(([type, { example }]) => type === 'none' || example !== undefined || contents.length === 1)
    .map(([type, { example }], n) => request(n === 0 ? name : `${name} as ${type}`, name, { type, example }));
}

function request(title, name, { type, example }) {
  const { verb, summary, security } = operations.get(name);
  const isOpen = security.length === 0;
  const raw = example === undefined ? undefined : withKey(JSON.stringify(example, null, 2));
  return {
    name: title,
    request: {
      method: verb.toUpperCase(),
      description: summary,
      ...(isOpen ? { auth: { type: 'noauth' } } : {}),
      header: pairs({
        ...(raw === undefined ? {} : { 'Content-Type': type }),
        ...(isOpen ? {} : { 'X-Tenant-Id': '{{tenantId}}' }),
      }),
      url: url(name),
      ...(raw === undefined ? {} : { body: { mode: 'raw', raw, options: { raw: { language: 'json' } } } }),
    },
    event: [listener('test', script(name))],
  };
}

/** The body of signing in shows a key. */
const withKey = (text) => text.replaceAll(EXAMPLES.signIn.body.key, '{{apiKey}}');

function url(name) {
  const { path, parameters = [] } = operations.get(name);
  const { parameters: values = {} } = EXAMPLES[name];
  const valueOf = (parameter) => {
    const { [parameter]: value } = values;
    return value instanceof IdFrom ? `{{${variableOf(value)}}}` : String(value ?? '');
  };
  const inPath = parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
  const query = parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name: key }) => ({ key, value: valueOf(key), ...(key in values ? {} : { disabled: true }) }));
  const filled = inPath.reduce((text, variable) => text.replace(`{${variable}}`, `:${variable}`), path);
  const asked = query
    .filter(({ disabled }) => !disabled)
    .map(({ key, value }) => `${key}=${encodeURIComponent(value)}`);
  return {
    raw: `{{baseUrl}}${filled}${asked.length > 0 ? `?${asked.join('&')}` : ''}`,
    host: ['{{baseUrl}}'],
    path: filled.slice(1).split('/'),
    ...(query.length > 0 ? { query } : {}),
    ...(inPath.length > 0 ? { variable: inPath.map((key) => ({ key, value: valueOf(key) })) } : {}),
  };
}

/** As in `createKey_id`. */
const variableOf = ({ operation, pointer }) => `${operation}${pointer.replaceAll('/', '_')}`;

/** What others need of the answer to an operation: their variables, and where they stand in it. */
function keptOf(name) {
  const values = Object.values(EXAMPLES).flatMap(({ parameters = {} }) => Object.values(parameters));
  const ids = values.filter((value) => value instanceof IdFrom && value.operation === name);
  return new Map(
    ids.map((id) => [variableOf(id), id.pointer.replaceAll('/', '?.').replaceAll(/\?\.(\d+)/g, '?.[$1]')]),
  );
}

/** What is checked of an answer and kept of it. What is only read is asked for until workers have made it. */
function script(name) {
  const kept = [...keptOf(name)];
  const isThere = ['pm.response.code < 300', ...kept.map(([variable]) => `kept.${variable}`)].join(' && ');
  const repeat = [
    `const tries = Number(pm.variables.get('tries') ?? 0) + 1;`,
    `if (!(${isThere}) && tries < ${TRIES}) {`,
    `  pm.variables.set('tries', tries);`,
    `  pm.execution.setNextRequest(pm.info.requestId);`,
    `  setTimeout(() => undefined, ${PAUSE_MS});`,
    `  return;`,
    `}`,
    `pm.variables.unset('tries');`,
  ];
  return [
    ...(kept.length === 0
      ? []
      : [
          `const body = pm.response.code < 300 ? pm.response.json() : undefined;`,
          `const kept = { ${kept.map(([variable, place]) => `${variable}: body${place}`).join(', ')} };`,
        ]),
    ...(operations.get(name).verb === 'get' ? repeat : []),
    `pm.test('succeeds', () => pm.expect(pm.response.code, pm.response.text()).to.be.within(200, 299));`,
    ...(kept.length === 0
      ? []
      : [`for (const [name, value] of Object.entries(kept)) pm.collectionVariables.set(name, value);`]),
  ];
}

const listener = (listen, exec) => ({ listen, script: { type: 'text/javascript', exec } });

function pairs(values, type) {
  return Object.entries(values).map(([key, value]) => ({ key, value, ...(type === undefined ? {} : { type }) }));
}

const text = `${JSON.stringify(collection(), null, 2)}\n`;
if (target === undefined) stdout.write(text);
else writeFileSync(target, text);
