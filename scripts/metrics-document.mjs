// node scripts/metrics-document.mjs [file]: describes the metrics of this build as Markdown, on standard output or into the file.
import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { METRICS } from '../dist/platform/metrics/definitions.js';

const INTRODUCTION = `# Metrics

\`npm run generate\` writes this page from \`src/platform/metrics/definitions.ts\`; a test compares the two, and compares
both with what API and worker export.

- \`GET /metrics\` on the port of the API, and on the worker's health port (\`WORKER_HEALTH_PORT\`).
- With \`METRICS_TOKEN\` set, send it as \`Authorization: Bearer …\`. The API also takes a key with the scope platform.
  Without \`METRICS_TOKEN\` the worker answers this machine alone.
- Each process exports its own numbers: sum them. Numbers **of the installation** are read from the database and the queue
  by every API process, so all say the same: take the \`max\`, never the sum. They are at most five seconds old, those of tables and
  the disk a minute. While
  PostgreSQL does not answer they are absent, and \`tidemark_postgres_up\` is 0.
- No label holds what a client sent: routes are patterns, and tenants are not named. \`METRICS_TENANT_LABELS=true\` adds the
  metrics marked so, with a series per tenant.
- Besides these, each process exports those of Node (\`nodejs_…\`, \`process_…\`): event-loop delay, heap, garbage collection,
  CPU time, open files.

[alerts.yml](alerts.yml) has the alert rules and [grafana.json](grafana.json) a dashboard;
[README.md](README.md) says how to use them.
`;

const EXPORTERS = ['every process', 'API', 'worker', 'API, of the installation'];

const row = ([name, { type, help, unit, labels, perTenant }]) =>
  `| \`${name}\` | ${type} | ${unit} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help}${perTenant ? ' Only with `METRICS_TENANT_LABELS`.' : ''} |`;

const section = (exporter) => `
## From ${exporter === 'worker' ? 'each worker' : exporter === 'every process' ? 'every process' : exporter === 'API' ? 'each API process' : 'every API process, of the installation'}

| name | type | unit | labels | what it is |
| - | - | - | - | - |
${Object.entries(METRICS)
  .filter(([, { from }]) => from === exporter)
  .map(row)
  .join('\n')}
`;

const [file] = process.argv.slice(2);
const options = await resolveConfig('docs/monitoring/metrics.md', { editorconfig: true });
const text = await format(INTRODUCTION + EXPORTERS.map(section).join(''), { ...options, parser: 'markdown' });
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);
