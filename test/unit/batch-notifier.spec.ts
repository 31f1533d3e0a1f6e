import type { Queue } from 'bullmq';
import { BatchNotifier } from '../../src/events/processing/batch-notifier.js';
import type { Step } from '../../src/platform/tracing/tracer.js';
import { Tracing } from '../../src/platform/tracing/tracing.js';
import type { ProcessBatchesJob } from '../../src/events/processing/events.jobs.js';

describe('BatchNotifier', () => {
  let jobs: string[][];
  let traceparents: (string[] | undefined)[];
  let notifier: BatchNotifier;
  let queue: Queue<ProcessBatchesJob>;

  beforeEach(() => {
    jest.useFakeTimers();
    jobs = [];
    traceparents = [];
    queue = {
      on: () => undefined,
      add: (_name: string, job: ProcessBatchesJob) => {
        traceparents.push(job.traceparents);
        return Promise.resolve(jobs.push(job.batch_ids));
      },
    } as unknown as Queue<ProcessBatchesJob>;
    notifier = new BatchNotifier(queue, new Tracing());
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

  it('hands the traces of a batch on with the job that has the batch, 100 at most', async () => {
    const tracer = {
      start: (_step: Step, parent: unknown) => spanOf(`${String(parent)}+`),
      stop: () => Promise.resolve(),
    };
    const spanOf = (traceparent: string) => ({ traceparent, end: () => undefined });
    const tracing = new Tracing(tracer);
    const traced = new BatchNotifier(queue, tracing);
    const commit = (parents: string[], ids: string[]) =>
      tracing.within({ name: 'commit', kind: 'internal' }, parents, () => Promise.resolve(traced.notify(ids)));
    const many = (letter: string, count: number) => Array.from({ length: count }, (_, n) => `${letter}${n}`);
    await commit(['one', 'two'], many('a', 150));
    await commit(['three'], ['b']);
    await commit([], ['c']);
    await jest.advanceTimersByTimeAsync(100);
    await commit(many('t', 120), ['d']);
    await jest.advanceTimersByTimeAsync(200);
    await commit([], ['e']);
    await jest.advanceTimersByTimeAsync(400);
    expect(jobs.map((ids) => ids.length)).toEqual([100, 52, 1, 1]);
    expect(traceparents).toEqual([
      ['one++', 'two++'],
      ['one++', 'two++', 'three++'],
      many('t', 100).map((name) => `${name}++`),
      undefined,
    ]);
  });
});
