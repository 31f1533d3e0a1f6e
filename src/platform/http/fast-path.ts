import { SetMetadata, type Type } from '@nestjs/common';
import type { AdaptProblem } from './problem.js';

/** Metadata key of {@link FastPath}. */
export const FAST_PATH = 'tidemark:fast-path';

/** Where Nest finds the method again. Nest copies the metadata of a method to what it registers at the HTTP adapter. */
export interface FastPathMark {
  controller: Type;
  method: string;
}

/**
 * The route is answered without Express and Nest when the address is spelled as declared, in whatever case: a sixth of
 * the work. All else about it is declared as for any other route, and holds on both ways. Its body is checked by the
 * method itself, not by a pipe.
 */
export function FastPath(): MethodDecorator {
  return (target, property, descriptor) => {
    const mark: FastPathMark = { controller: target.constructor as Type, method: String(property) };
    Reflect.defineMetadata(FAST_PATH, mark, descriptor.value as object);
  };
}

/** Metadata key of {@link AtAddress}. */
export const ADDRESS_RULES = 'tidemark:address-rules';

/** What holds at the addresses of a route for every method, also for such as it does not take. */
export interface AddressRules {
  /** Pages of any origin may call it, whatever CORS_ORIGINS says: their key is there for everybody to read. */
  anyOrigin?: boolean;
  /** Makes a problem what the clients of this address understand. */
  adaptProblem?: AdaptProblem;
  /** Stands in the call log for a path that holds a secret. */
  loggedPath?: string;
}

export const AtAddress = (rules: AddressRules) => SetMetadata(ADDRESS_RULES, rules);
