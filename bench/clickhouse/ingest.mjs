import { quantile, round } from '../statistics.mjs';

const EVENTS_PER_SECOND = 500;
const SECONDS = 8;
const ROUNDS = 8;
const WARM_UP_SECONDS = 8;

/**
 * What it costs those who send events that a worker feeds ClickHouse: p99 without and with, in turn, on one database.
 *
 * @param {import('../stack.mjs').Stack} stack whose database is being fed
 * @param {string} url of ClickHouse
 * @returns {Promise<{off_ms: number, on_ms: number, rounds: {off: number[], on: number[]}}>} medians, and p99 of each round
 */
export async function measureIngestWhileFed(stack, url, tell) {
  const key = await stack.createKey();
  const ingest = async (seconds) =>
    round((await stack.loadPaced(key, { perSecond: EVENTS_PER_SECOND, seconds })).p99_ms, 1);
  const feed = await stack.one('select * from clickhouse_feeds');
  const rounds = { off: [], on: [] };
  const measure = async (way, env) => {
    const worker = await stack.startWorker(env);
    await stack.untilDrained(); // also of what came while no worker ran
    rounds[way].push(await ingest(SECONDS));
    await stack.untilDrained();
    await worker.stop();
  };
  await ingest(WARM_UP_SECONDS);
  for (let n = 0; n < ROUNDS; n++) {
    await closeFeed(stack);
    await measure('off', {});
    await openFeed(stack, feed);
    await measure('on', { CLICKHOUSE_URL: url });
    tell(`ingest p99 ${rounds.off[n]} ms without, ${rounds.on[n]} ms while a worker feeds ClickHouse`);
  }
  const median = (values) => round(quantile(values, 0.5), 1);
  return { off_ms: median(rounds.off), on_ms: median(rounds.on), rounds };
}

const closeFeed = (stack) =>
  stack.pool.query('delete from clickhouse_feeds; delete from clickhouse_batches; delete from clickhouse_changes');

/** The same again, so that the tables in ClickHouse are still its own. */
const openFeed = (stack, feed) =>
  stack.pool.query('insert into clickhouse_feeds select * from jsonb_populate_record(null::clickhouse_feeds, $1)', [
    JSON.stringify({ ...feed, seen_at: new Date() }),
  ]);
