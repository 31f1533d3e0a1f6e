import { QueryFailedError } from 'typeorm';
import { isUniqueViolation } from '../database/database.js';
import { Problem } from './problem.js';

/**
 * Runs `write`, which fails where a unique index has the name already.
 * @param kind what has the name, for the sentence
 * @throws Problem 409
 */
export async function refuseTakenName<T>(kind: string, name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
    if (!isUniqueViolation(cause)) throw error;
    throw new Problem(409, `A ${kind} named "${name}" exists already. Choose another name.`);
  }
}
