import { type ArgumentMetadata, Injectable, type Type, type ValidationError, ValidationPipe } from '@nestjs/common';
import { KEY_PARAMETER } from './principal.js';
import { bodyValidatorFor } from './body/body-validator.js';
import { checkPayload } from './body/payload-check.js';
import { badRequest, type FieldError, printedName, unknownName } from './problem.js';

/**
 * Unknown fields and parameters are errors and never dropped; no value is converted silently. Bodies are checked by the
 * schema that documents them, queries by the decorators of class-validator, which turn their texts into numbers.
 */
export function createValidationPipe(): ValidationPipe {
  return new HardenedValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    transformOptions: { enableImplicitConversion: false, exposeDefaultValues: true },
    exceptionFactory: (errors) => {
      const fields = errors.flatMap((error) => fieldErrors(error, ''));
      return badRequest(`${fields.map((field) => field.message).join('; ')}.`, fields);
    },
  });
}

/**
 * Checks queries before class-transformer, which silently drops `__proto__`. What PostgreSQL cannot store is refused
 * here as well.
 */
@Injectable()
class HardenedValidationPipe extends ValidationPipe {
  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body') return Promise.resolve(checkBody(value, metadata));
    if (metadata.type === 'query' && typeof value === 'object' && value !== null) {
      const fault = checkPayload(value, '') ?? prototypeFault(value, '');
      if (fault !== null)
        throw badRequest(`${fault.path === '' ? 'The query' : fault.path} ${fault.message}.`, [fault]);
      return super.transform(withoutKey(value), metadata);
    }
    return super.transform(value, metadata);
  }
}

/** No body is an empty one. A body without a class is checked by who takes it, with the validator of its parts. */
function checkBody(value: unknown, { metatype }: ArgumentMetadata): unknown {
  if (metatype === undefined || metatype === Object) return value;
  return bodyValidatorFor(metatype as Type<object>).check(value === undefined ? {} : value);
}

/** A query without the API key, which is not a parameter of any route. */
function withoutKey(query: object): object {
  if (!(KEY_PARAMETER in query)) return query;
  return Object.fromEntries(Object.entries(query).filter(([name]) => name !== KEY_PARAMETER));
}

/** Recursion as deep as {@link checkPayload} allows. */
function prototypeFault(value: object, parent: string): FieldError | null {
  for (const [name, member] of Object.entries(value)) {
    const path = parent === '' ? name : `${parent}.${name}`;
    if (name === '__proto__') return { path, message: 'is not a name that can be used here' };
    const fault = typeof member === 'object' && member !== null ? prototypeFault(member as object, path) : null;
    if (fault !== null) return fault;
  }
  return null;
}

function fieldErrors(error: ValidationError, parent: string): FieldError[] {
  const path = parent === '' ? error.property : `${parent}.${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    path,
    message:
      rule === 'whitelistValidation'
        ? `${printedName(error.property)} ${unknownName(error.property, 'is not a known field or parameter')}`
        : message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, path))];
}
