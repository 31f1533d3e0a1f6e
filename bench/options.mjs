import { parseArgs } from 'node:util';

const SECTIONS = ['ingest', 'routes', 'live', 'hostile', 'keys', 'garbage', 'analytics', 'retention', 'clickhouse'];
const DEFAULT_SECTIONS = 'ingest,routes,live,hostile,keys,garbage';

export const USAGE = `npm run bench -- [options]
  --rounds N        timed rounds of each measurement; the figures are their medians (7)
  --seconds S       length of a timed round, about (3)
  --flood-rounds N  rounds of 20 s without and 20 s with a flood of bad keys, and of hostile bodies (1; 0 leaves them out)
  --only LIST       sections to run, of ${SECTIONS.join(', ')} (${DEFAULT_SECTIONS})
  --events LIST     sizes of the data sets that analytics and clickhouse are measured on (1000000,10000000)
  --retention-events N  how many old events leave beside ingest (5000000)
  --data-dir DIR    keeps the data sets there and uses them again (a folder that goes with the run)
  --json            print one JSON object instead of the table`;

/**
 * @typedef {object} Options
 * @property {number} rounds
 * @property {number} seconds
 * @property {number} floodRounds
 * @property {string[]} only
 * @property {number[]} events
 * @property {number} retentionEvents
 * @property {string | undefined} dataDir
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
    only: readSections(values.only),
    events: values.events.split(',').map((text) => readNumber('--events', text, 100_000_000, 1_000)),
    retentionEvents: readNumber('--retention-events', values['retention-events'], 100_000_000, 1_000),
    dataDir: values['data-dir'],
    floodRounds: readNumber('--flood-rounds', values['flood-rounds'], 20, 0),
  };
}

function parse(args) {
  const options = {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '3' },
    'flood-rounds': { type: 'string', default: '1' },
    only: { type: 'string', default: DEFAULT_SECTIONS },
    events: { type: 'string', default: '1000000,10000000' },
    'retention-events': { type: 'string', default: '5000000' },
    'data-dir': { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  };
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function readSections(text) {
  const sections = text.split(',');
  const unknown = sections.find((section) => !SECTIONS.includes(section));
  if (unknown !== undefined) throw new UsageError(`--only knows no section ${unknown}`);
  return sections;
}

function readNumber(name, text, max, min = 1) {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new UsageError(`${name} must be a whole number from ${min} to ${max}`);
  return value;
}
