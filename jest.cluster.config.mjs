// What several servers do together, at full length. `npm test` runs the specs of test/e2e among these, too.
import base from './jest.config.mjs';

const OF_E2E = 'failover|replica|rolling-restarts|connection-pooler|shutdown|cells';

export default {
  ...base,
  testRegex: `test/(cluster/.*|e2e/(${OF_E2E}))\\.spec\\.ts$`,
  maxWorkers: 1,
  testTimeout: 900_000,
};
