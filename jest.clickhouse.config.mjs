// What ClickHouse is fed and answers, with its real engine: scripts/clickhouse-rig.mjs installs it.
import base from './jest.config.mjs';

export default {
  ...base,
  testRegex: 'test/clickhouse/.*\\.spec\\.ts$',
  maxWorkers: 2,
  testTimeout: 300_000,
};
