// `npm run test:cluster`: the long form of what several servers do together. The short form is in test/e2e.
import base from './jest.config.mjs';

export default { ...base, testRegex: 'test/cluster/.*\\.spec\\.ts$', maxWorkers: 1, testTimeout: 900_000 };
