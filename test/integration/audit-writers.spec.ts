import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { uuid7 } from '../../src/platform/database/uuid7.js';
import { TestTrail, verifyLines } from '../support/audit-trail.js';
import { eventually } from '../support/eventually.js';
import { describeDatabase } from '../support/fixture.js';
import { TestWorker } from '../support/worker.js';

/** `npm run test:audit` runs 64. */
const WRITERS = Number(process.env['AUDIT_WRITERS'] ?? 16);
const PROCESSES = 4;
const ENTRIES_EACH = 20;

describeDatabase('many writers in several processes, and two workers', {}, (database) => {
  let trail: TestTrail;
  let workers: TestWorker[];
  const tenant = uuid7();

  beforeAll(async () => {
    trail = new TestTrail(database.url);
    workers = await Promise.all([TestWorker.start(database.url), TestWorker.start(database.url)]);
  });

  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await trail.stop();
  });

  async function writeEntries(): Promise<[id: string, answeredAt: number][]> {
    const env = { PATH: process.env['PATH'], DATABASE_URL: database.url, DB_POOL_SIZE: '32' };
    const words = [String(WRITERS / PROCESSES), String(ENTRIES_EACH), tenant];
    const children = Array.from({ length: PROCESSES }, () =>
      fork(join(process.cwd(), 'test/integration/audit-writers.mjs'), words, { env }),
    );
    const answers = await Promise.all(children.map((child) => once(child, 'message')));
    return answers.flatMap(([list]) => list as [string, number][]);
  }

  it(`seals the entries of ${WRITERS} writers into one tree without gaps`, async () => {
    // when each leaf is first seen, watched from outside
    const seen = new Map<string, number>();
    const look = async () => {
      for (const { id } of await database.query<{ id: string }>('select entry_id as id from audit_leaves')) {
        if (!seen.has(id)) seen.set(id, Date.now());
      }
    };
    let watching = true;
    const watch = (async () => {
      while (watching) await look();
    })();
    const answered = await writeEntries();
    const count = WRITERS * ENTRIES_EACH;
    expect(answered).toHaveLength(count);
    await eventually(() => expect(seen.size).toBe(count), 20_000);
    watching = false;
    await watch;

    const rows = await database.query<{ leaf_index: string }>(
      'select leaf_index from audit_leaves where tenant_id = $1 order by leaf_index',
      [tenant],
    );
    expect(rows.map((row) => Number(row.leaf_index))).toEqual(Array.from({ length: count }, (_, n) => n));
    expect(answered.every(([id]) => seen.has(id))).toBe(true);
    expect(verifyLines(await trail.export(tenant))).toMatchObject({ ok: true, complete: true, entries: count });

    const delays = answered.map(([id, at]) => Math.max(0, seen.get(id)! - at)).sort((a, b) => a - b);
    const at = (share: number) => delays[Math.floor((delays.length - 1) * share)]!;
    process.stdout.write(
      `${WRITERS} writers, ${PROCESSES} processes, ${count} entries: sealed after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`,
    );
    expect(at(0.99)).toBeLessThanOrEqual(10_000);
  }, 120_000);
});
