// `npm run test:clickhouse`: what ClickHouse answers and is fed, with its real engine. `-- --short` as CI runs it; other
// words go to jest.
import { installChdb } from './chdb.mjs';

const { dir, reason } = installChdb();
if (dir === undefined) {
  process.stdout.write(`Tests with ClickHouse: NOT run, because ${reason}.\n`);
  process.exit(process.argv.includes('--short') ? 0 : 1);
}
process.env.CHDB_DIR = dir;
const words = process.argv.slice(2).filter((word) => word !== '--short');
if (words.length < process.argv.length - 2) process.env.TEST_CLICKHOUSE_SHORT = '1';
process.argv = [...process.argv.slice(0, 2), '--config', 'jest.clickhouse.config.mjs', ...words];
await import('./test.mjs');
