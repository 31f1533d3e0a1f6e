import { AnswerCache } from '../../src/analytics/cache/answer-cache.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { loadConfig } from '../../src/platform/config/config.js';

const cacheFor = (seconds: number) =>
  new AnswerCache(
    loadConfig({
      NODE_ENV: 'test',
      DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
      ANALYTICS_CACHE_TTL_SECONDS: String(seconds),
    }),
    new Metrics(),
  );

describe('the cache of answers', () => {
  let asked: string[];
  const answer = (name: string) => () => {
    asked.push(name);
    return Promise.resolve(name);
  };

  beforeEach(() => (asked = []));
  afterEach(() => jest.useRealTimers());

  it('makes one answer for all who ask meanwhile and until it is too old', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    const cache = cacheFor(5);
    let finish: (answer: string) => void = () => undefined;
    const first = cache.get('t', 'q', () => {
      asked.push('slow');
      return new Promise<string>((resolve) => (finish = resolve));
    });
    jest.advanceTimersByTime(60_000); // however long it takes
    const second = cache.get('t', 'q', answer('second'));
    finish('slow');
    expect(await Promise.all([first, second])).toEqual(['slow', 'slow']);
    jest.advanceTimersByTime(4_999);
    expect(await cache.get('t', 'q', answer('third'))).toBe('slow');
    jest.advanceTimersByTime(2);
    expect(await cache.get('t', 'q', answer('fourth'))).toBe('fourth');
    expect(asked).toEqual(['slow', 'fourth']);
  });

  it('tells a failure to those who wait, and asks again for the next one', async () => {
    const cache = cacheFor(5);
    const failing = () => cache.get('t', 'q', () => Promise.reject(new Error('away')));
    const both = await Promise.allSettled([failing(), cache.get('t', 'q', answer('never'))]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await cache.get('t', 'q', answer('again'))).toBe('again');
    expect(asked).toEqual(['again']);
  });

  it('keeps tenants and questions apart, and forgets one tenant when told', async () => {
    const cache = cacheFor(5);
    for (const [tenant, question] of ['a 1', 'a 2', 'b 1'].map((both) => both.split(' ') as [string, string])) {
      await cache.get(tenant, question, answer(`${tenant} ${question}`));
    }
    cache.forget('a');
    expect(await cache.get('a', '1', answer('a 1 anew'))).toBe('a 1 anew');
    expect(await cache.get('b', '1', answer('b 1 anew'))).toBe('b 1');
  });

  it('keeps 100 answers of a tenant and 1,000 in all, the newest', async () => {
    const cache = cacheFor(60);
    for (let n = 0; n <= 100; n++) await cache.get('many', n, answer(`many ${n}`));
    for (let n = 0; n < 10; n++) {
      for (let tenant = 0; tenant < 90; tenant++) await cache.get(`few-${tenant}`, n, answer(`few-${tenant} ${n}`));
    }
    asked = [];
    for (let n = 100; n > 0; n--) await cache.get('many', n, answer(`many ${n}`)); // all 100 are still there
    expect(asked).toEqual([]);
    await cache.get('many', 0, answer('many 0'));
    await cache.get('one-more', 0, answer('one-more 0'));
    expect(asked).toEqual(['many 0', 'one-more 0']);
    await cache.get('few-0', 0, answer('few-0 0')); // the tenant that asked longest ago gave way
    expect(asked).toEqual(['many 0', 'one-more 0', 'few-0 0']);
    await cache.get('few-89', 0, answer('few-89 0'));
    expect(asked).toHaveLength(3);
  });

  it('does not bring back what was forgotten while it was being made', async () => {
    const cache = cacheFor(5);
    let finish: (answer: string) => void = () => undefined;
    const first = cache.get('t', 'q', () => new Promise<string>((resolve) => (finish = resolve)));
    cache.forget('t');
    finish('before the change');
    expect(await first).toBe('before the change');
    expect(await cache.get('t', 'q', answer('after the change'))).toBe('after the change');
  });

  it('keeps nothing when the time to keep is zero', async () => {
    const cache = cacheFor(0);
    for (const name of ['one', 'two']) await cache.get('t', 'q', answer(name));
    expect(asked).toEqual(['one', 'two']);
  });
});
