import { parseArgs } from 'node:util';

export const USAGE = `npm run bench -- [options]
  --rounds N    timed rounds of each measurement; the figures are their medians (7)
  --seconds S   length of a timed round, about (3)
  --json        print one JSON object instead of the table`;

/**
 * @typedef {object} Options
 * @property {number} rounds
 * @property {number} seconds
 * @property {boolean} json
 * @property {boolean} help
 */

/** What the caller asked for makes no sense. */
export class UsageError extends Error {}

/** @returns {Options} @throws {UsageError} whose message tells what is wrong */
export function readOptions(/** @type {string[]} */ args) {
  const values = parse(args);
  return {
    ...values,
    rounds: readNumber('--rounds', values.rounds, 100),
    seconds: readNumber('--seconds', values.seconds, 60),
  };
}

function parse(args) {
  const options = {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  };
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function readNumber(name, text, max) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > max)
    throw new UsageError(`${name} must be a whole number from 1 to ${max}`);
  return value;
}
