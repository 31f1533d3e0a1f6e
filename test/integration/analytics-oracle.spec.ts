import { describeAnalyticsOracle, oracleSets } from '../support/analytics-oracle-suite.js';

describeAnalyticsOracle({
  name: 'PostgreSQL',
  sets: oracleSets(208),
  start: () => Promise.resolve({}),
  watch: () => undefined,
  catchUp: () => Promise.resolve(),
  stop: () => Promise.resolve(),
});
