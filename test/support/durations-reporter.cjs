// Writes how long each spec of a whole run took, which longest-first.cjs reads:
// npm test -- --reporters=default --reporters=./test/support/durations-reporter.cjs
const { writeFileSync } = require('node:fs');
const { join, relative } = require('node:path');

module.exports = class DurationsReporter {
  constructor({ rootDir }) {
    this.rootDir = rootDir;
  }

  onRunComplete(_contexts, { testResults }) {
    const seconds = testResults.map(({ testFilePath, perfStats: { start, end } }) => [
      relative(this.rootDir, testFilePath).replaceAll('\\', '/'),
      Math.round((end - start) / 1_000),
    ]);
    const sorted = seconds.sort(([a, took], [b, tookToo]) => tookToo - took || (a < b ? -1 : 1));
    writeFileSync(
      join(this.rootDir, 'test', 'durations.json'),
      `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`,
    );
  }
};
