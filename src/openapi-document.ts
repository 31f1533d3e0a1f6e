import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { ExpressAdapter } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { stringify } from 'yaml';
import { SEGMENT_PATHS } from './events/segment/segment.controller.js';
import { METRICS_PATH } from './monitoring/metrics.controller.js';
import { addAccess, addAccessComponents, SECURITY_SCHEMES } from './openapi/access.js';
import { addExamples } from './openapi/add-examples.js';
import { nameOperation, splitSummary } from './openapi/names.js';
import { operationsOf, type Place } from './openapi/operation.js';
import { sortPaths } from './openapi/order.js';
import { addProblemComponents, addProblems } from './openapi/problems.js';
import { swaggerOptions } from './openapi/swagger-ui.js';
import { TAGS } from './openapi/tags.js';
import { addMediaTypes } from './platform/http/also-takes.js';
import { version } from './platform/config/version.js';

const DESCRIPTION = `Event-driven analytics and audit backend.

Bodies are checked by the schemas shown here, and unknown fields and parameters are refused. No text, and no name in JSON
of your own, may contain the character NUL or half of a surrogate pair. Every error is a problem (RFC 9457), whose \`type\`
tells programs and whose \`detail\` tells people what to do.

Each operation has an example that succeeds as it stands. Ids that Tidemark makes come from the answer to another
operation: \`links\` say of which.`;

/** Everything is below /api/v1, except the addresses that are built into Segment's SDKs and into Prometheus. */
export function setPrefix(app: INestApplication): void {
  app.setGlobalPrefix('api/v1', { exclude: [...SEGMENT_PATHS, METRICS_PATH] });
}

export function createOpenApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Tidemark')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .setOpenAPIVersion('3.0.3')
    .setLicense('MIT', 'https://spdx.org/licenses/MIT.html')
    .addServer('/', 'The server that answers this document.');
  for (const [name, scheme] of Object.entries(SECURITY_SCHEMES)) config.addSecurity(name, scheme);
  for (const { name, description } of TAGS) config.addTag(name, description);
  const operationIdFactory = (_controller: string, method: string) => method;
  return complete(SwaggerModule.createDocument(app, config.build(), { operationIdFactory }));
}

/** What holds for all operations, or follows from their declarations, is said here once and not at each of them. */
function complete(document: OpenAPIObject): OpenAPIObject {
  const places = operationsOf(document);
  places.forEach(completeOperation);
  addAccessComponents(document);
  addProblemComponents(document);
  addExamples(document);
  document.components!.schemas = withoutSingleChoices(document.components!.schemas); // of the builder
  sortPaths(document);
  return document;
}

/** A member that takes any JSON is declared as the only one of its choices, or Nest would write the type it guesses. */
function withoutSingleChoices<T>(part: T): T {
  if (Array.isArray(part)) return part.map(withoutSingleChoices) as T;
  if (typeof part !== 'object' || part === null) return part;
  const { anyOf, ...own } = part as { anyOf?: object[] };
  const merged = anyOf?.length === 1 ? { ...anyOf[0], ...own } : part;
  return Object.fromEntries(Object.entries(merged).map(([name, value]) => [name, withoutSingleChoices(value)])) as T;
}

function completeOperation(place: Place): void {
  const { operation } = place;
  nameOperation(place);
  addMediaTypes(operation);
  const more = splitSummary(place);
  const access = addAccess(operation);
  operation.description = [more, access ?? 'Needs no credential.'].filter((part) => part !== '').join('\n\n');
  addProblems(operation, { hasCaller: access !== null, hasBody: operation.requestBody !== undefined });
}

/**
 * Swagger UI at /docs and the document at /docs-json and /docs-yaml, generated once, because that takes longer than any
 * request.
 */
export function setUpOpenApi(app: INestApplication): void {
  const document = createOpenApiDocument(app);
  SwaggerModule.setup('docs', app, () => document, {
    raw: false,
    customSiteTitle: 'Tidemark API',
    swaggerOptions: swaggerOptions(document),
  });
  serveText(app, '/docs-json', 'application/json; charset=utf-8', JSON.stringify(document));
  serveText(app, '/docs-yaml', 'application/yaml; charset=utf-8', toYaml(document));
}

export const toYaml = (document: OpenAPIObject): string => stringify(document, { aliasDuplicateObjects: false });

function serveText(app: INestApplication, path: string, type: string, text: string): void {
  const bytes = Buffer.from(text);
  const adapter = app.getHttpAdapter() as ExpressAdapter;
  adapter.get(path, (_request: Request, response: Response) => {
    response.setHeader('Content-Type', type);
    response.setHeader('Content-Length', bytes.length);
    response.end(bytes);
  });
}
