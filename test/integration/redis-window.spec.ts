import { Redis } from 'ioredis';
import type { Limit } from '../../src/auth/limits/window.js';
import { RedisWindow } from '../../src/auth/limits/redis-window.js';
import { eventually } from '../support/eventually.js';
import { describeWith } from '../support/fixture.js';
import { flushTestRedis, testRedisUrl } from '../support/redis.js';

describeWith({ needs: 'redis' }, 'windows in Redis', () => {
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

  it.each(['sliding', 'fixed'] as const)('are counted all together or not at all (%s)', async (algorithm) => {
    const windows = [new RedisWindow(redis, algorithm), new RedisWindow(other, algorithm)];
    const limits = (key: string): [Limit, Limit] => [
      { key: `${algorithm}/${key}`, limit: 30, windowMs: 3_600_000 },
      { key: `${algorithm}/all`, limit: 50, windowMs: 7_200_000 },
    ];
    const states = await Promise.all(
      Array.from({ length: 200 }, (_, n) => windows[n % 2]!.takeAll(1, limits(`k${n % 4}`))),
    );
    expect(states.filter(({ allowed }) => allowed)).toHaveLength(50);
    expect(states.filter(({ allowed }) => !allowed).every(({ index, used }) => index === 1 && used === 50)).toBe(true);
    const used = await Promise.all(
      [0, 1, 2, 3].map(async (n) => (await windows[0]!.take(`${algorithm}/k${n}`, 0, 30, 3_600_000)).used),
    );
    expect(used.reduce((sum, one) => sum + one)).toBe(50); // what the common limit refused counts nowhere
    const slots = await redis.keys(`tidemark:limit:{${algorithm}}/*`);
    expect(slots.length).toBeGreaterThanOrEqual(5); // one hash tag, so one slot
  });

  it('leave no key behind without an end', async () => {
    const keys = await redis.keys('tidemark:limit:*');
    const ttls = await Promise.all(keys.map((key) => redis.pttl(key)));
    expect(keys.length).toBeGreaterThan(0);
    expect(ttls.every((ttl) => ttl > 0)).toBe(true);
  });
});
