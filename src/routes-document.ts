import 'reflect-metadata';
import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { writeFileSync } from 'node:fs';
import { ApiModule } from './api.module.js';
import { createOpenApiDocument, setPrefix } from './openapi-document.js';
import { loadConfig } from './platform/config/config.js';
import { type Access, ACCESS } from './platform/http/access.js';
import { Route } from './platform/http/route.js';

/** Writes the table of routes and scopes of this build: `node dist/routes-document.js FILE`. Needs no database. */
const app = await NestFactory.create(ApiModule.forRoot(loadConfig({ DATABASE_URL: 'postgresql://localhost/none' })), {
  preview: true,
  logger: false,
});
setPrefix(app);

const HEAD = `# Routes and scopes

Generated from the code (\`npm run generate\`). What a scope may do besides: [concepts.md](concepts.md). \`–\` means no
credential, _any_ any valid one, _key_ any key but no access token. Each with a command:
[api-by-curl.md](api-by-curl.md).
`;

const SCOPES: Partial<Record<Access, string>> = { public: '–', any: '_any_', key: '_key_' };

/** \`get /keys/{id}\` and who may call it, of every method of every controller. */
function readAccess(): Map<string, Access> {
  const found = new Map<string, Access>();
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  for (const metatype of controllers.map((wrapper) => wrapper.metatype as Type)) {
    const prototype = metatype.prototype as Record<string, () => void>;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      const handler = prototype[name]!;
      const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
      if (method === undefined) continue;
      const access = Route.of(metatype, handler).declared<Access>(ACCESS);
      for (const path of pathsOf(metatype, handler)) {
        found.set(`${RequestMethod[method].toLowerCase()} ${path}`, access ?? 'public');
      }
    }
  }
  return found;
}

function pathsOf(controller: Type, handler: () => void): string[] {
  const read = (target: object) => [Reflect.getMetadata(PATH_METADATA, target) as string | string[]].flat();
  return read(controller).flatMap((base) =>
    read(handler).map((path) =>
      `/${base}/${path}`
        .replace(/\/+/g, '/')
        .replace(/(.)\/$/, '$1')
        .replace(/:(\w+)/g, '{$1}'),
    ),
  );
}

const access = readAccess();
const rows = Object.entries(createOpenApiDocument(app).paths).flatMap(([path, item]) =>
  (['get', 'post', 'put', 'patch', 'delete'] as const).flatMap((verb) => {
    const operation = item[verb];
    if (operation === undefined) return [];
    const may = access.get(`${verb} ${path.replace('/api/v1', '')}`) ?? access.get(`${verb} ${path}`);
    if (may === undefined) throw new Error(`Nobody says who may call ${verb} ${path}.`);
    const [sentence = ''] = /^.*?[.:;](?=\s|$)/s.exec(operation.summary ?? '') ?? [operation.summary ?? ''];
    return [
      [`\`${verb.toUpperCase()} ${path}\``, SCOPES[may] ?? may, sentence.replace(/\s+/g, ' ').replace(/[.:;]$/, '')],
    ];
  }),
);

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
