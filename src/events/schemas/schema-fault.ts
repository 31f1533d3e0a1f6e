import type { FieldError } from '../../platform/http/problem.js';

/** Where a schema is wrong, like `schema.properties.price.minimum`, and how. */
export class SchemaFault extends Error implements FieldError {
  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}
