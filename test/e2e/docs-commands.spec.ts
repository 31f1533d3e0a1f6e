import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PLATFORM_KEY } from '../support/api.js';
import { describeApi } from '../support/fixture.js';

const ALL = 'docs/api-by-curl.md';
const read = (file: string) => readFileSync(file, 'utf8');
const shellBlocks = (file: string) => [...read(file).matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block!);
const pages = [
  'README.md',
  ...readdirSync('docs').flatMap((name) => (name.endsWith('.md') ? [join('docs', name)] : [])),
];
const withCommands = pages.filter((page) => shellBlocks(page).some((block) => /\bcurl\b/.test(block)));

/** A refusal is an error, and what workers make needs a moment. Older requests than those of curl 7.82 have no --json. */
const CURL = 'curl() { command curl --fail-with-body --retry 15 --retry-delay 1 --retry-all-errors "$@"; }';

/** The same, to the letter; other routes mean the same. */
const ALIASES = /^get \/api\/v1\/(healthcheck|analytics\/count-by-type)$/;

describeApi('commands of the documentation', { env: { RATE_LIMIT_REQUESTS: '100000' }, workers: 1 }, (api) => {
  /** The blocks of a page with curl, as one script in a folder of its own. */
  const run = (page: string): Promise<{ code: number | null; output: string }> => {
    const commands = shellBlocks(page)
      .filter((block) => /\bcurl\b/.test(block))
      .join('\n')
      .replace(/^export KEY=.*$/gm, '')
      .replaceAll('localhost:3000', new URL(api.url).host);
    const script = `set -eo pipefail\nexport KEY=${PLATFORM_KEY}\n${CURL}\n${commands}`;
    return new Promise((resolve) => {
      const shell = spawn('bash', ['-xc', script], { cwd: mkdtempSync(join(tmpdir(), 'tidemark-docs-')) });
      let output = '';
      for (const stream of [shell.stdout, shell.stderr])
        stream.on('data', (bytes: Buffer) => (output += String(bytes)));
      shell.once('close', (code) => resolve({ code, output: output.slice(-3_000) }));
    });
  };

  it.each(withCommands)(
    'succeed as they stand in %s',
    async (page) => {
      const { code, output } = await run(page);
      if (code !== 0) throw new Error(output);
    },
    120_000,
  );

  it('show every route', () => {
    const text = read(ALL).replaceAll('\\\n', ' ').replaceAll('localhost:3000', '');
    const shown = text.split('\n').flatMap((line) => {
      const path = /["\s](\/[\w/$.-]+)/.exec(line.slice(line.indexOf('curl ')))?.[1];
      if (!line.includes('curl ') || path === undefined) return [];
      const method =
        /-X (\w+)/.exec(line)?.[1] ?? (/ -G /.test(line) || !/--json| -d |-H 'Idem/.test(line) ? 'GET' : 'POST');
      return [`${method.toLowerCase()} ${path}`];
    });
    const { paths } = parse(read('openapi.yaml')) as { paths: Record<string, Record<string, unknown>> };
    const routes = Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((verb) => `${verb} ${path}`));
    const missing = routes.filter((route) => {
      const pattern = new RegExp(`^${route.replace(/\{\w+\}/g, '[^/]+')}$`);
      return !ALIASES.test(route) && !shown.some((one) => pattern.test(one));
    });
    expect(missing).toEqual([]);
  });
});
