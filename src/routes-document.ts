import { writeFileSync } from 'node:fs';
import { operationsOf } from './openapi/operation.js';
import { type Access, REQUIRED_SCOPE } from './platform/http/access.js';
import { previewDocument } from './previewed-document.js';

/** Writes the table of routes and scopes of this build: `node dist/routes-document.js FILE`. Needs no database. */
const HEAD = `# Routes and scopes

Generated from the code (\`npm run generate\`). What a scope may do besides: [concepts.md](concepts.md). \`–\` means no
credential, _any_ any valid one, _key_ any key but no access token. Each with a command:
[api-by-curl.md](api-by-curl.md).
`;

const SCOPES: Partial<Record<Access, string>> = { public: '–', any: '_any_', key: '_key_' };

const rows = operationsOf(await previewDocument()).map(({ verb, path, operation }) => {
  const { [REQUIRED_SCOPE]: access = 'public' } = operation as { [REQUIRED_SCOPE]?: Access };
  const [sentence = ''] = /^.*?[.:;](?=\s|$)/s.exec(operation.summary ?? '') ?? [operation.summary ?? ''];
  const what = sentence.replace(/\s+/g, ' ').replace(/[.:;]$/, '');
  return [`\`${verb.toUpperCase()} ${path}\``, SCOPES[access] ?? access, what];
});

/** As Prettier writes it. */
function table(lines: readonly string[][]): string {
  const widths = lines[0]!.map((_, n) => Math.max(3, ...lines.map((line) => line[n]!.length)));
  const print = (line: readonly string[]) => `| ${line.map((cell, n) => cell.padEnd(widths[n]!)).join(' | ')} |`;
  const [head, ...body] = lines;
  return [print(head!), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(print)].join('\n');
}

const text = `${HEAD}\n${table([['route', 'scope', 'what it does'], ...rows])}\n`;
const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(text);
else writeFileSync(file, text);
