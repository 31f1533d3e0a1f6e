import type { OpenAPIObject } from '@nestjs/swagger';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** JSON as it stands in the document. */
export type Part = Record<string, unknown>;

const VERBS = ['get', 'post', 'put', 'patch', 'delete'] as const;

export interface Place {
  verb: (typeof VERBS)[number];
  path: string;
  operation: Operation;
}

/** Every operation of the document. */
export function operationsOf(document: OpenAPIObject): Place[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    VERBS.flatMap((verb) => {
      const { [verb]: operation } = item;
      return operation === undefined ? [] : [{ verb, path, operation }];
    }),
  );
}

export const refTo = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });
