import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { ExpressAdapter } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { stringify } from 'yaml';
import { SEGMENT_PATHS } from './events/segment/segment.controller.js';
import { METRICS_PATH } from './monitoring/metrics.controller.js';
import { addMediaTypes } from './platform/http/also-takes.js';
import { version } from './platform/config/version.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const VERBS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** RFC 9457, with the request's id and the faulty fields. */
const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'A sentence that says what to do.' },
    instance: { type: 'string' },
    request_id: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};

const PROBLEM_RESPONSE = {
  description:
    'Problem: 400 malformed, 401 no or wrong credentials, 403 not allowed, 404 not found, 413 too large, ' +
    '415 media type, 422 impossible, 429 too many requests, 503 try again after Retry-After seconds.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const DESCRIPTION =
  'Event-driven analytics and audit backend. Bodies are checked by the schemas shown here. No text, and no name in JSON of ' +
  'your own, may contain the character NUL or half of a surrogate pair.';

/** Everything is below /api/v1, except the addresses that are built into Segment's SDKs and into Prometheus. */
export function setPrefix(app: INestApplication): void {
  app.setGlobalPrefix('api/v1', { exclude: [...SEGMENT_PATHS, METRICS_PATH] });
}

export function createOpenApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Tidemark')
    .setDescription(DESCRIPTION)
    .setVersion(version)
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key' }, 'api_key')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key.' }, 'bearer')
    .build();
  return withProblems(SwaggerModule.createDocument(app, config));
}

/** Every operation may answer a problem, so it is declared once here and not at each of them. */
function withProblems(document: OpenAPIObject): OpenAPIObject {
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: PROBLEM },
  };
  for (const item of Object.values(document.paths)) {
    for (const verb of VERBS) {
      const operation: Operation | undefined = item[verb];
      if (operation === undefined) continue;
      operation.responses['default'] = PROBLEM_RESPONSE;
      addMediaTypes(operation);
    }
  }
  return document;
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
    swaggerOptions: { persistAuthorization: true },
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
