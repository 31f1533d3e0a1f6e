import type { components } from './schema.js';

/** A body of the API, by its name in openapi.yaml. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];
