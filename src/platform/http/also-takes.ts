import { ApiExtension, type OpenAPIObject } from '@nestjs/swagger';

const NAME = 'x-also-takes';

type Schemas = Record<string, object>;
type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;

/** Bodies of further media types that an operation takes, each with its schema: `ApiBody` knows one for all of them. */
export const AlsoTakes = (schemas: Schemas): MethodDecorator => ApiExtension(NAME, schemas);

/** Moves what {@link AlsoTakes} says to where a client looks for it. */
export function addMediaTypes(operation: Operation): void {
  const extended = operation as unknown as Record<string, Schemas | undefined>;
  const { [NAME]: schemas } = extended;
  if (schemas === undefined) return;
  delete extended[NAME];
  const body = operation.requestBody as { content: Record<string, { schema: object }> };
  for (const [type, schema] of Object.entries(schemas)) body.content[type] = { schema };
}
