import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

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

export const readDocument = (): OpenApiDocument => parse(readFileSync('openapi.yaml', 'utf8')) as OpenApiDocument;

export interface Place {
  method: string;
  path: string;
  operation: Operation;
}

export const placesOf = ({ paths }: OpenApiDocument): Place[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([verb, operation]) => ({ method: verb.toUpperCase(), path, operation })),
  );
