import { eventually } from '../support/eventually.js';
import { LoadedStack } from '../support/failover.js';
import { describeDatabase, describeWith } from '../support/fixture.js';
import { type RedisTopology, startCluster, startSentinels } from '../support/redis-topologies.js';

const TENANTS = 3; // whose limits are in different slots of a cluster

/** Once each; `npm run test:cluster` does it again and again, and with TLS. */
describeWith({ needs: 'redis-server' }, 'Redis whose master is killed under load', () => {
  const topologies: Record<string, RedisTopology> = {};

  beforeAll(async () => {
    const [sentinels, cluster] = await Promise.all([startSentinels(), startCluster()]);
    Object.assign(topologies, { Sentinels: sentinels, 'a cluster': cluster });
  }, 60_000);

  afterAll(async () => {
    await Promise.all(Object.values(topologies).map((redis) => redis.stop()));
  });

  describe.each(['Sentinels', 'a cluster'])('behind %s', (name) => {
    describeDatabase('with two APIs and a worker', {}, (database) => {
      it('loses nothing, counts nothing twice, keeps limits exact and sockets alive', async () => {
        const redis = topologies[name]!;
        const stack = await LoadedStack.start(database, { ...redis.env, REDIS_URL: redis.url });
        const isUp = () => eventually(async () => expect(await stack.queueStates()).toEqual(['up', 'up']));
        await isUp();
        expect(await stack.passes(TENANTS)).toEqual([10, 10, 10]);
        await eventually(async () => expect(await stack.ring()).toBeLessThan(4)); // by the queue, not by the poller

        stack.startLoad();
        await eventually(() => expect(stack.ackedCount).toBeGreaterThan(100));
        const master = await redis.masterPort();
        await redis.kill(master);
        const before = stack.ackedCount;
        await eventually(async () => expect(await redis.masterPort()).not.toBe(master));
        await isUp();
        await eventually(() => expect(stack.ackedCount).toBeGreaterThan(before + 100));
        await stack.stopLoad();

        const { lagSeconds, ...verdict } = await stack.verdict();
        expect(verdict).toEqual({ lost: 0, twice: 0, failed: 0, wronglyCounted: 0 });
        expect(lagSeconds).toBeLessThanOrEqual(10);
        await eventually(async () => expect(await stack.passes(TENANTS)).toEqual([10, 10, 10]));
        await eventually(async () => expect(await stack.ring()).toBeLessThan(4));
        await eventually(() => expect(stack.live.messages.at(-1)?.by_type).toMatchObject({ load: stack.ackedCount }));
        expect(stack.live.disconnects).toEqual([]);
        expect(await stack.stop()).toEqual([0, 0, 0]);
      }, 60_000);
    });
  });
});
