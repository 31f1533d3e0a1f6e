import { Redis } from 'ioredis';
import { RedisWindow } from '../../src/auth/redis-window.js';
import { eventually } from '../support/eventually.js';
import { flushTestRedis, testRedisUrl } from '../support/redis.js';

const run = testRedisUrl === undefined ? describe.skip : describe; // npm test prints that there is no Redis

run('windows in Redis', () => {
  let redis: Redis;
  let other: Redis;

  beforeAll(async () => {
    await flushTestRedis();
    redis = new Redis(testRedisUrl!);
    other = new Redis(testRedisUrl!);
  });

  afterAll(() => {
    redis.disconnect();
    other.disconnect();
  });

  it.each(['sliding', 'fixed'] as const)('let exactly the limit through a parallel burst (%s)', async (algorithm) => {
    const windows = [new RedisWindow(redis, algorithm), new RedisWindow(other, algorithm)];
    const states = await Promise.all(
      Array.from({ length: 200 }, (_, n) => windows[n % 2]!.take(`burst-${algorithm}`, 1, 50, 3_600_000)),
    );
    expect(states.filter(({ allowed }) => allowed)).toHaveLength(50);
    expect(states.filter(({ allowed }) => !allowed).every(({ retryMs }) => retryMs > 0 && retryMs <= 3_600_000)).toBe(
      true,
    );
  });

  it('slide: room comes back when the oldest leaves', async () => {
    const window = new RedisWindow(redis, 'sliding');
    expect(await window.take('slide', 3, 3, 300)).toMatchObject({ allowed: true, used: 3 });
    const refused = await window.take('slide', 1, 3, 300);
    expect(refused).toMatchObject({ allowed: false, used: 3 });
    expect(refused.retryMs).toBeLessThanOrEqual(300);
    await eventually(async () =>
      expect(await window.take('slide', 1, 3, 300)).toMatchObject({ allowed: true, used: 1 }),
    );
  });

  it('sum costs, and look at no cost', async () => {
    const window = new RedisWindow(redis, 'sliding');
    await window.take('cost', 7, 10, 60_000);
    expect(await window.take('cost', 4, 10, 60_000)).toMatchObject({ allowed: false, used: 7 });
    expect(await window.take('cost', 3, 10, 60_000)).toMatchObject({ allowed: true, used: 10 });
    expect(await window.take('cost', 0, 10, 60_000)).toMatchObject({ allowed: true, used: 10 });
  });

  it('leave no key behind without an end', async () => {
    const keys = await redis.keys('tidemark:limit:*');
    const ttls = await Promise.all(keys.map((key) => redis.pttl(key)));
    expect(keys.length).toBeGreaterThan(0);
    expect(ttls.every((ttl) => ttl > 0)).toBe(true);
  });
});
