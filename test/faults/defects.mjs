/**
 * Faults planted on purpose, to show that the checks would find them. Each is a module in defects/ that changes classes
 * of dist/ before the process starts; the product itself has no switch for it.
 *
 * @typedef {import('./scenario.mjs').Result} Result
 * @typedef {object} Defect
 * @property {string} about
 * @property {string} target what is killed
 * @property {string} backend what BullMQ runs on
 * @property {number} kills enough to hit it
 * @property {string} symptom what must be seen
 * @property {(result: Result) => boolean} isSeen
 */

/** @type {Record<string, Defect>} */
export const DEFECTS = {
  'answer-before-commit': {
    about: 'the API answers 202 before the events are committed',
    target: 'api',
    backend: 'postgres',
    kills: 3,
    symptom: 'lost > 0',
    isSeen: (result) => result.lost > 0,
  },
  'mark-outside-transaction': {
    about: 'a batch is marked processed after the transaction of its rollups',
    target: 'worker',
    backend: 'postgres',
    kills: 3,
    symptom: 'rollup_difference > 0',
    isSeen: (result) => result.rollup_difference > 0,
  },
  'ledger-skipped': {
    about: 'the ledger does not recognise an event that was sent before',
    target: 'api',
    backend: 'postgres',
    kills: 1,
    symptom: 'duplicated > 0',
    isSeen: (result) => result.duplicated > 0,
  },
  'sync-commit-off': {
    about: 'commits do not wait for the disk',
    target: 'postgres',
    backend: 'postgres',
    kills: 5,
    symptom: 'lost > 0',
    isSeen: (result) => result.lost > 0,
  },
  'pool-errors-unhandled': {
    about: 'nobody listens to the errors of idle database connections',
    target: 'postgres',
    backend: 'postgres',
    kills: 1,
    symptom: 'a process exits on its own',
    isSeen: (result) => result.unexpected_exits > 0,
  },
  'poller-off': {
    about: 'nobody looks for batches whose job was lost with the queue',
    target: 'redis',
    backend: 'redis',
    kills: 1,
    symptom: 'batches stay queued',
    isSeen: (result) => result.left_queued > 0,
  },
  'enqueue-awaited': {
    about: 'the 202 waits for the queue',
    target: 'redis',
    backend: 'redis',
    kills: 1,
    symptom: 'requests fail while Redis is away',
    isSeen: (result) => result.failed_while_away > 0,
  },
};
