import { FeedRepository, type WaitingBatch } from '../../src/clickhouse/feed.repository.js';
import type { Sql } from '../../src/platform/database/database.js';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { describeDatabase } from '../support/fixture.js';
import { event, TestPipeline } from '../support/ingest.js';

/** So many that reading all of them is dearer than looking for a few, and cheaper than looking for each of many. */
const EVENTS = 20_000;
const EVENTS_PER_BATCH = 500;
/** Of one event each, like those of clients that send none together. */
const SINGLE = 500;

describeDatabase('what the feed of ClickHouse reads', {}, (database) => {
  it('is the events of the batches that wait, not the whole table', async () => {
    const [pipeline, tenantId] = [new TestPipeline(database.url), uuid7()];
    const write = (count: number) =>
      pipeline.writer.write(
        tenantId,
        Array.from({ length: count }, () => event({}, tenantId)),
      );
    for (let n = 0; n < EVENTS; n += EVENTS_PER_BATCH) await write(EVENTS_PER_BATCH);
    for (let n = 0; n < SINGLE; n++) await write(1);
    await database.query('analyze');
    const batches = await database.query<WaitingBatch>(
      'select tenant_id, id, first_id, last_id, event_count from ingest_batches order by id desc limit $1',
      [SINGLE],
    );
    const plan: string[] = [];
    const explain = async (text: string, values?: unknown[]) => {
      const rows = await database.query<{ 'QUERY PLAN': string }>(`explain (analyze) ${text}`, values);
      plan.push(...rows.map((row) => row['QUERY PLAN']));
      return { rows: [] };
    };
    await new FeedRepository(pipeline.database).readBatches({ query: explain } as unknown as Sql, batches);
    await pipeline.stop();
    expect(plan[0]).toContain(`rows=${SINGLE}.00`);
    expect(plan.filter((line) => /Seq Scan on events_\d+/.test(line) && !line.includes('never executed'))).toEqual([]);
  });
});
