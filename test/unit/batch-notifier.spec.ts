import type { Queue } from 'bullmq';
import { BatchNotifier } from '../../src/events/processing/batch-notifier.js';
import type { ProcessBatchesJob } from '../../src/events/processing/events.jobs.js';

describe('BatchNotifier', () => {
  let jobs: string[][];
  let notifier: BatchNotifier;

  beforeEach(() => {
    jest.useFakeTimers();
    jobs = [];
    notifier = new BatchNotifier({
      on: () => undefined,
      add: (_name: string, { batch_ids }: ProcessBatchesJob) => Promise.resolve(jobs.push(batch_ids)),
    } as unknown as Queue<ProcessBatchesJob>);
  });

  afterEach(() => jest.useRealTimers());

  it('lets what comes within 100 ms share a job', async () => {
    notifier.notify(['a']);
    notifier.notify(['b']);
    notifier.notify(['c']);
    await jest.advanceTimersByTimeAsync(99);
    expect(jobs).toEqual([['a']]);
    await jest.advanceTimersByTimeAsync(1);
    expect(jobs).toEqual([['a'], ['b', 'c']]);
  });

  it('waits longer for more while batches keep coming, and notifies at once after a silence', async () => {
    const passed: number[] = [];
    const start = Date.now();
    for (let ms = 0; ms < 4_000; ms += 10) {
      const before = jobs.length;
      notifier.notify(['a']);
      await jest.advanceTimersByTimeAsync(10);
      if (jobs.length > before) passed.push(Math.floor((Date.now() - start) / 100) * 100);
    }
    expect(passed).toEqual([0, 100, 300, 700, 1_500, 2_300, 3_100, 3_900]);
    await jest.advanceTimersByTimeAsync(1_600);
    notifier.notify(['b']);
    await jest.advanceTimersByTimeAsync(0);
    expect(jobs.at(-1)).toEqual(['b']);
    notifier.notify(['c']);
    await jest.advanceTimersByTimeAsync(100);
    expect(jobs.at(-1)).toEqual(['c']);
  });

  it('goes on at once while a job is full, so that many tenants at a time never outrun it', async () => {
    notifier.notify(Array.from({ length: 250 }, (_, n) => String(n)));
    await jest.advanceTimersByTimeAsync(0);
    expect(jobs.map((ids) => ids.length)).toEqual([100, 100]);
    await jest.advanceTimersByTimeAsync(100);
    expect(jobs.flat()).toHaveLength(250);
  });
});
