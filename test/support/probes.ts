import { readDocument } from './openapi-document.js';

export interface Route {
  method: string;
  /** With `{id}` where an id belongs, below /api/v1; that of another prefix climbs out with `/../..`. */
  path: string;
}

interface Document {
  paths: Record<string, Record<string, { security?: unknown[] }>>;
}

/** Every route of the OpenAPI document that asks for a credential. */
export function protectedRoutes(): Route[] {
  const { paths } = readDocument<Document>();
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { security = [] }]) => security.length > 0)
      .map(([method]) => ({
        method: method.toUpperCase(),
        path: path.startsWith('/api/v1') ? path.replace('/api/v1', '') : `/../..${path}`,
      })),
  );
}
