import { parseArgs } from 'node:util';
import { DEFECTS } from './defects.mjs';

export const TARGETS = ['api', 'worker', 'postgres', 'redis'];
export const BACKENDS = ['postgres', 'redis'];

export const USAGE = `npm run test:faults -- [options]
  --kills N          SIGKILLs per target and queue backend (20)
  --seed S           number that fixes the load and the moments of the kills (random, printed)
  --targets LIST     of ${TARGETS.join(', ')}; or all (api,worker)
  --backend B        what BullMQ runs on: postgres, redis or both (both)
  --json             print one JSON object instead of the table
  --defect NAME      run with a planted defect; the run must then fail: ${Object.keys(DEFECTS).join(', ')}
  --prove-defects    run every defect; succeeds only if each one is caught
  --keep             leave the folder with data and logs behind`;

/**
 * @typedef {object} Options
 * @property {number} kills
 * @property {number} seed
 * @property {string[]} targets
 * @property {string[]} backends
 * @property {boolean} json
 * @property {string | undefined} defect
 * @property {boolean} proveDefects
 * @property {boolean} keep
 * @property {boolean} help
 */

/** @returns {Options} @throws {Error} whose message tells what is wrong */
export function readOptions(/** @type {string[]} */ args) {
  const { values } = parseArgs({
    args,
    options: {
      kills: { type: 'string' },
      seed: { type: 'string' },
      targets: { type: 'string' },
      backend: { type: 'string' },
      json: { type: 'boolean', default: false },
      defect: { type: 'string' },
      'prove-defects': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const defect = values.defect === undefined ? undefined : DEFECTS[values.defect];
  if (values.defect !== undefined && defect === undefined) {
    throw new Error(`--defect must be one of ${Object.keys(DEFECTS).join(', ')}`);
  }
  return {
    kills: readNumber('--kills', values.kills, defect?.kills ?? 20, 10_000),
    seed: readNumber('--seed', values.seed, 1 + Math.floor(Math.random() * 999_999), 2 ** 32 - 1),
    targets: readTargets(values.targets ?? defect?.target ?? 'api,worker'),
    backends: readBackends(values.backend ?? defect?.backend ?? 'both'),
    json: values.json,
    defect: values.defect,
    proveDefects: values['prove-defects'],
    keep: values.keep,
    help: values.help,
  };
}

function readNumber(name, text, fallback, max) {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > max)
    throw new Error(`${name} must be a whole number from 1 to ${max}`);
  return value;
}

function readTargets(text) {
  if (text === 'all') return TARGETS;
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !TARGETS.includes(name));
  if (unknown !== undefined) throw new Error(`--targets knows ${TARGETS.join(', ')} and all, not "${unknown}"`);
  return TARGETS.filter((name) => names.includes(name));
}

function readBackends(text) {
  if (text === 'both') return BACKENDS;
  if (!BACKENDS.includes(text)) throw new Error('--backend must be postgres, redis or both');
  return [text];
}
