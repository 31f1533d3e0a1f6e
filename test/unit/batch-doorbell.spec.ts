import type { Queue } from 'bullmq';
import { BatchDoorbell } from '../../src/events/batch-doorbell.js';
import type { ProcessBatchesJob } from '../../src/events/events.jobs.js';

describe('BatchDoorbell', () => {
  let jobs: string[][];
  let doorbell: BatchDoorbell;

  beforeEach(() => {
    jest.useFakeTimers();
    jobs = [];
    doorbell = new BatchDoorbell({
      on: () => undefined,
      add: (_name: string, { batch_ids }: ProcessBatchesJob) => Promise.resolve(jobs.push(batch_ids)),
    } as unknown as Queue<ProcessBatchesJob>);
  });

  afterEach(() => jest.useRealTimers());

  it('lets what comes within 100 ms share a job', async () => {
    doorbell.ring(['a']);
    doorbell.ring(['b']);
    doorbell.ring(['c']);
    await jest.advanceTimersByTimeAsync(99);
    expect(jobs).toEqual([['a']]);
    await jest.advanceTimersByTimeAsync(1);
    expect(jobs).toEqual([['a'], ['b', 'c']]);
  });

  it('waits longer for more while batches keep coming, and rings at once after a silence', async () => {
    const passed: number[] = [];
    const start = Date.now();
    for (let ms = 0; ms < 4_000; ms += 10) {
      const before = jobs.length;
      doorbell.ring(['a']);
      await jest.advanceTimersByTimeAsync(10);
      if (jobs.length > before) passed.push(Math.floor((Date.now() - start) / 100) * 100);
    }
    expect(passed).toEqual([0, 100, 300, 700, 1_500, 2_300, 3_100, 3_900]);
    await jest.advanceTimersByTimeAsync(1_600);
    doorbell.ring(['b']);
    await jest.advanceTimersByTimeAsync(0);
    expect(jobs.at(-1)).toEqual(['b']);
    doorbell.ring(['c']);
    await jest.advanceTimersByTimeAsync(100);
    expect(jobs.at(-1)).toEqual(['c']);
  });

  it('goes on at once while a job is full, so that many tenants at a time never outrun it', async () => {
    doorbell.ring(Array.from({ length: 250 }, (_, n) => String(n)));
    await jest.advanceTimersByTimeAsync(0);
    expect(jobs.map((ids) => ids.length)).toEqual([100, 100]);
    await jest.advanceTimersByTimeAsync(100);
    expect(jobs.flat()).toHaveLength(250);
  });
});
