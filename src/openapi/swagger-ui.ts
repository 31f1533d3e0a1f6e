import type { OpenAPIObject } from '@nestjs/swagger';
import { idsInExamples } from './add-examples.js';
import { operationsOf } from './operation.js';

interface ExampleId {
  /** As it stands in the document. */
  id: string;
  /** Of the address of the operation whose answers have such an id, and where they have it. */
  address: string;
  pointer: string;
  /** Of the last such answer in this page. */
  real?: string;
}

/** What @nestjs/swagger hands to the page: the functions below run there, where nothing else of this file is. */
declare const options: { customOptions: { exampleIds: ExampleId[] } };

/** Notes the ids in an answer. */
function noteIds<T extends { url: string; text?: string }>(response: T): T {
  const { pathname } = new URL(response.url);
  for (const known of options.customOptions.exampleIds) {
    if (!new RegExp(known.address).test(pathname)) continue;
    let value: unknown = JSON.parse(response.text ?? 'null');
    for (const name of known.pointer.slice(1).split('/')) {
      value = (value as Record<string, unknown> | null | undefined)?.[name];
    }
    if (typeof value === 'string') known.real = value;
  }
  return response;
}

/** Sends the id of the last answer in the place of the one that is shown. */
function useIds<T extends { url: string }>(request: T): T {
  for (const { id, real } of options.customOptions.exampleIds) {
    if (real !== undefined) request.url = request.url.replace(id, real);
  }
  return request;
}

/** Options of Swagger UI with which the examples succeed one after the other: see ADR 37. */
export function swaggerOptions(document: OpenAPIObject): object {
  const paths = new Map(operationsOf(document).map(({ path, operation }) => [operation.operationId, path]));
  const exampleIds = idsInExamples().map(({ id, source: { operation, pointer } }): ExampleId => {
    const path = paths.get(operation)!; // addExamples has found it
    return { id, pointer, address: `^${path.replace(/\{\w+\}/g, '[^/]+')}$` };
  });
  return { persistAuthorization: true, exampleIds, requestInterceptor: useIds, responseInterceptor: noteIds };
}
