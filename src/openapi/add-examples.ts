import type { OpenAPIObject } from '@nestjs/swagger';
import { type Example, EXAMPLES, IdFrom } from './examples.js';
import { type Operation, operationsOf, type Part } from './operation.js';

interface Parameter {
  name?: string;
  description?: string;
  example?: unknown;
  schema?: Part;
}

const isSame = (a: IdFrom, b: IdFrom) => a.operation === b.operation && a.pointer === b.pointer;

/** Where the ids in the examples come from that Tidemark makes, each place once. */
const SOURCES = Object.values(EXAMPLES)
  .flatMap(({ parameters = {} }) => Object.values(parameters))
  .filter((value) => value instanceof IdFrom)
  .filter((source, n, all) => all.findIndex((other) => isSame(source, other)) === n);

/** Each of those ids as it stands in the document. */
export const idsInExamples = (): { id: string; source: IdFrom }[] =>
  SOURCES.map((source, n) => ({ id: `019a0000-0000-7000-8000-${String(n + 1).padStart(12, '0')}`, source }));

const idOf = (wanted: IdFrom): string => idsInExamples().find(({ source }) => isSame(source, wanted))!.id; // of EXAMPLES

/** Writes the examples into the document, and links from each answer to what takes an id of it. */
export function addExamples(document: OpenAPIObject): void {
  const operations = new Map(operationsOf(document).map(({ operation }) => [operation.operationId!, operation]));
  for (const [name, operation] of operations) {
    const { parameters = {}, body, bodies = {} } = EXAMPLES[name] ?? {};
    for (const { schema } of (operation.parameters ?? []) as Parameter[]) delete schema?.['example']; // none is filled in
    for (const [parameter, value] of Object.entries(parameters)) {
      addParameter(operation, parameter, value);
      if (value instanceof IdFrom) addLink(operations.get(value.operation), operation, parameter, value);
    }
    const content = contentOf(operation);
    const own = content['application/json'];
    if (own !== undefined && body !== undefined) own['example'] = body;
    for (const [type, example] of Object.entries(bodies)) content[type]!['example'] = example; // AlsoTakes has them
  }
}

function addParameter(operation: Operation, name: string, value: NonNullable<Example['parameters']>[string]): void {
  const parameter = (operation.parameters as Parameter[] | undefined)?.find((given) => given.name === name);
  if (parameter === undefined) throw new Error(`The example of ${operation.operationId} has no parameter ${name}.`);
  parameter.example = value instanceof IdFrom ? idOf(value) : value;
  if (value instanceof IdFrom) {
    const from = `\`${value.pointer.slice(1).replaceAll('/', '.')}\` of an answer of \`${value.operation}\`.`;
    parameter.description = parameter.description === undefined ? from : `${parameter.description} ${from}`;
  }
}

/** OpenAPI's way to say that a value of one answer is a parameter of another request. */
function addLink(source: Operation | undefined, target: Operation, parameter: string, { pointer }: IdFrom): void {
  const [answer] = Object.entries(source?.responses ?? {}).find(([status]) => /^2/.test(status)) ?? [];
  const { [answer ?? '']: response } = (source?.responses ?? {}) as unknown as Record<string, Part>;
  if (response === undefined) throw new Error(`${target.operationId} takes an id of an operation that is not there.`);
  response['links'] = {
    ...(response['links'] as Part | undefined),
    [target.operationId!]: {
      operationId: target.operationId,
      parameters: { [parameter]: `$response.body#${pointer}` },
    },
  };
}

function contentOf(operation: Operation): Record<string, Part> {
  const body = operation.requestBody as { content: Record<string, Part> } | undefined;
  return body?.content ?? {};
}
