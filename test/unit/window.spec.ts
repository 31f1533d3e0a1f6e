import { type Limit, MemoryFixedWindow, MemorySlidingWindow } from '../../src/auth/limits/window.js';

describe('sliding window', () => {
  it('never holds more than the limit in any window, and lets in what has room', () => {
    let now = 0;
    const window = new MemorySlidingWindow(() => now);
    const allowed: number[] = [];
    let seed = 3;
    for (let n = 0; n < 5_000; n++) {
      seed = (seed * 48_271) % 2_147_483_647;
      now += seed % 40;
      const before = allowed.filter((at) => at > now - 1_000).length;
      const state = window.take('k', 1, 10, 1_000);
      expect(state.allowed).toBe(before < 10);
      if (state.allowed) allowed.push(now);
      expect(state.used).toBe(Math.min(10, before + 1));
    }
  });

  it('forgets the key that came longest ago when there are more than it may know', () => {
    const window = new MemorySlidingWindow(() => 0, 2);
    const usedOf = (key: string) => window.take(key, 1, 10, 1_000).used;
    expect(['a', 'b', 'a', 'c', 'b', 'a'].map(usedOf)).toEqual([1, 1, 2, 1, 1, 1]);
  });

  it('says when there will be room, to the millisecond', () => {
    let now = 0;
    const window = new MemorySlidingWindow(() => now);
    window.take('k', 3, 5, 1_000);
    now = 400;
    window.take('k', 2, 5, 1_000);
    now = 500;
    expect(window.take('k', 1, 5, 1_000)).toEqual({ allowed: false, used: 5, resetMs: 500, retryMs: 500 });
    expect(window.take('k', 4, 5, 1_000).retryMs).toBe(900);
    now = 999;
    expect(window.take('k', 1, 5, 1_000).allowed).toBe(false);
    now = 1_000;
    expect(window.take('k', 3, 5, 1_000).allowed).toBe(true);
  });

  it('counts cost, refuses what never fits, and keeps keys apart', () => {
    const window = new MemorySlidingWindow(() => 0);
    expect(window.take('a', 11, 10, 1_000)).toEqual({ allowed: false, used: 0, resetMs: 0, retryMs: 1_000 });
    expect(window.take('a', 10, 10, 1_000).allowed).toBe(true);
    expect(window.take('a', 0, 10, 1_000)).toMatchObject({ allowed: true, used: 10 });
    expect(window.take('b', 10, 10, 1_000).allowed).toBe(true);
  });
});

describe.each([
  ['sliding', () => new MemorySlidingWindow(() => 0)],
  ['fixed', () => new MemoryFixedWindow(() => 0)],
])('several %s windows', (_name, create) => {
  it('are counted all together or not at all, and the one that refuses speaks', () => {
    const window = create();
    const limits = (key: string): [Limit, Limit] => [
      { key, limit: 3, windowMs: 1_000 },
      { key: 'all', limit: 4, windowMs: 2_000 },
    ];
    expect(window.takeAll(1, limits('a'))).toMatchObject({ allowed: true, used: 1, index: 0 });
    expect(window.takeAll(2, limits('a'))).toMatchObject({ allowed: true, used: 3, index: 0 });
    expect(window.takeAll(1, limits('a'))).toMatchObject({ allowed: false, used: 3, index: 0 });
    expect(window.takeAll(2, limits('b'))).toMatchObject({ allowed: false, used: 3, index: 1, retryMs: 2_000 });
    expect(window.takeAll(1, limits('b'))).toMatchObject({ allowed: true, used: 1, index: 0 });
    expect(window.take('all', 0, 4, 2_000).used).toBe(4);
  });
});

describe('fixed window', () => {
  it('starts anew at each multiple of its length', () => {
    let now = 1_500;
    const window = new MemoryFixedWindow(() => now);
    expect(window.take('k', 2, 2, 1_000)).toMatchObject({ allowed: true, resetMs: 500 });
    expect(window.take('k', 1, 2, 1_000)).toEqual({ allowed: false, used: 2, resetMs: 500, retryMs: 500 });
    now = 2_000;
    expect(window.take('k', 1, 2, 1_000)).toMatchObject({ allowed: true, used: 1 });
  });
});
