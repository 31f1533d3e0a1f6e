import { readFileSync } from 'node:fs';

export type Part = Record<string, unknown>;

export interface Parameter {
  $ref?: string;
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  example?: unknown;
  schema: Part;
}

export interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Part; example?: unknown }> };
  responses: Record<string, { $ref?: string; headers?: Part; content?: Record<string, Part>; links?: Part }>;
  'x-required-scope'?: string;
}

export interface OpenApiDocument {
  info: Part;
  servers: Part[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, Part>>;
}

/** openapi.yaml, as global-setup.mjs has parsed it: each spec would take 0.6 s for it, of a core. */
export function readDocument<Document = OpenApiDocument>(): Document {
  const { TEST_OPENAPI_JSON: file } = process.env;
  if (file === undefined) throw new Error('global-setup.mjs has not run');
  return JSON.parse(readFileSync(file, 'utf8')) as Document;
}

export interface Place {
  method: string;
  path: string;
  operation: Operation;
}

export const placesOf = ({ paths }: OpenApiDocument): Place[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([verb, operation]) => ({ method: verb.toUpperCase(), path, operation })),
  );
