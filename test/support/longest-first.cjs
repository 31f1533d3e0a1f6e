// The order of the specs: those that take longest first, so that no worker sits alone on a long one at the end.
const { statSync } = require('node:fs');
const { relative } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Seconds of whole runs; durations-reporter.cjs writes them. */
const SECONDS = require('../durations.json');
/** Of specs that are not among them: a guess. */
const SECONDS_PER_BYTE = 1 / 1_000;

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const seconds = new Map(
      Array.from(tests, (test) => {
        const known = SECONDS[relative(test.context.config.rootDir, test.path).replaceAll('\\', '/')];
        return [test, known ?? statSync(test.path).size * SECONDS_PER_BYTE];
      }),
    );
    return [...seconds.keys()].sort((a, b) => seconds.get(b) - seconds.get(a));
  }
};
